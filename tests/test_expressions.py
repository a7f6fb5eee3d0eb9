"""The fence around what files and people may write: each way in, what is refused, what is worked out, how much."""

import ast
import contextlib
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import gazeanalytics
from gazeanalytics import expressions
from gazeanalytics.expressions import ExpressionError, build, expand, parse, select, summands
from gazeanalytics.stats.mixed.design import ModelError
from gazeanalytics.stats.mixed.marginal_means import marginal_means
from gazeanalytics.stats.mixed.model import check_formula, mixed
from gazeanalytics.stats.mixed.prediction import predict
from gazeanalytics.stats.mixed.specification import specification_curve
from gazeanalytics.study.analyses.models import check, fit_models
from gazeanalytics.study.config import ModelConfig
from gazeanalytics.tables import InputError


def asking_for(model):
    """A study whose study.toml holds this model alone."""
    return SimpleNamespace(folder=Path(), config=SimpleNamespace(models={"m": model}))


def table(rows=240):
    rng = np.random.default_rng(4)
    data = pd.DataFrame({
        "reader": np.arange(rows) % 12,
        "x": rng.normal(size=rows),
        "z": rng.normal(1, 2, rows),
        "k": rng.integers(1, 6, rows),
        "site": rng.choice(["a", "b", "c"], rows),
        "kind": rng.choice(["person", "model"], rows),
    })  # fmt: skip
    return data.assign(y=data.x + (data.site == "b") + rng.normal(size=rows))


# What a received file may try; FILE stands for a file that must not come to be.
ATTACKS = [
    "I(x + 0*np.lib._npyio_impl.os.system('touch FILE'))",
    "{x.to_csv('FILE') or x}",
    "x.to_csv('FILE')",
    "`x`.to_csv('FILE')",
    "I(x).to_csv('FILE')",
    "(x).to_csv('FILE')",
    "'x'.join(x)",
    "I(__import__('os').system('touch FILE'))",
    "I(open('FILE', 'w'))",
    "open('FILE', 'w')",
    "I(getattr(x, 'to_csv')('FILE'))",
    "getattr(x, 'to_csv')",
    "eval('1')",
    "exec('import os')",
    "compile('1', '', 'eval')",
    "globals()",
    "__builtins__['open']('FILE', 'w')",
    "x.__class__.__mro__[1].__subclasses__()",
    "().__class__",
    "x[0]",
    "x['a']",
    "x{0}",
    "I((lambda: x)())",
    "lambda: x",
    "I([one for one in x])",
    "[one for one in (1, 2)]",
    "(x for x in y)",
    "{**x}",
    "I(f'{x}')",
    "f'{open(1)}'",
    "I('{0.__class__}'.format(x))",
    "format(x, 'd')",
    "str(x)",
    "I('%s' % x)",
    "I('a' * 1000000000)",
    "'a' + 'b'",
    "I(x if x else x)",
    "I((y := x))",
    "I(*x)",
    "log(**x)",
    "log(x, out=x)",
    "log(x, where=x)",
    "poly(x, degree=x)",
    "poly(x, 'FILE')",
    "scale(x, center=open)",
    "factor(x, contrasts=open)",
    "factor(x, levels=[open])",
    "C(x, contr.treatment(base=open('FILE', 'w')))",
    "hashed(x)",
    "lag(x)",
    "Q('x')",
    "@x",
    "@pd.eval('1')",
    "$x",
    "x; y",
    "x # y",
    "x \\ y",
    "x\\n.y",
    "x -> y",
    "x!",
    "x ? y : z",
    "yield x",
    "await x",
    "import os",
    "assert x",
    "del x",
    "print(x)",
    "breakpoint()",
    "np.load('FILE')",
    "pd.read_pickle('FILE')",
    "ｌｏｇ(x)",
    "ｏｐｅｎ('FILE')",
    "x．to_csv('FILE')",
    "x․to_csv('FILE')",
    "x。to_csv('FILE')",
    "x\u200b.to_csv('FILE')",
    "\u202ex",
    "\x00",
    "x\x1b[31m",
    "log（x）",
    "0x10",
    "1_000",
    "1j",
    "1e999",
    "0b1",
    "...",
    "'",
    '"""x"""',
    "b'x'",
    "",
    " ",
    "~",
    "|",
    "=",
]


def refused(call, word=""):
    """Check that a call is refused in one sentence that says what is wanted."""
    with pytest.raises(ValueError, match=r"expected|got|shape|column") as told:
        call()
    assert isinstance(told.value, InputError | ModelError)
    assert "\n" not in str(told.value)
    assert "\x1b" not in str(told.value)
    assert word in str(told.value)
    assert len(str(told.value)) < 700


WAYS = {
    "fixed part": lambda data, text: mixed(f"y ~ {text} + (1 | reader)", data),
    "interaction": lambda data, text: mixed(f"y ~ x:{text} + (1 | reader)", data),
    "inside a function": lambda data, text: mixed(f"y ~ log({text}) + (1 | reader)", data),
    "response": lambda data, text: mixed(f"{text} ~ x + (1 | reader)", data),
    "successes": lambda data, text: mixed(f"cbind(k, {text}) ~ x + (1 | reader)", data, family="binomial"),
    "offset": lambda data, text: mixed(f"k ~ x + offset({text}) + (1 | reader)", data, family="poisson"),
    "zeros": lambda data, text: mixed(f"k ~ x + zeros({text}) + (1 | reader)", data, family="poisson"),
    "nominal": lambda data, text: mixed(f"k ~ nominal({text}) + (1 | reader)", data, family="ordinal"),
    "random effects": lambda data, text: mixed(f"y ~ x + (1 + {text} | reader)", data),
    "random effects apart": lambda data, text: mixed(f"y ~ x + (1 + {text} || reader)", data),
    "grouping": lambda data, text: mixed(f"y ~ x + (1 | {text})", data),
    "a formula looked at before there are data": lambda data, text: check_formula(f"y ~ {text} + (1 | reader)"),
    "condition": lambda data, text: select(data, f"{text} != 3"),
    "condition in a list": lambda data, text: select(data, f"x in [{text}, 1, {text}]"),
    "condition looked at before": lambda data, text: expressions.check_condition(f"{text} != 3"),
    "models.formula of study.toml": lambda data, text: fit_models(data, {"m": ModelConfig(formula=f"y ~ {text}")}),
    "models.where of study.toml": lambda data, text: fit_models(
        data, {"m": ModelConfig(formula="y ~ x", where=f"{text} != 3")}
    ),
    "study.toml before anything is computed": lambda data, text: check(
        asking_for(ModelConfig(formula="y ~ x", where=f"{text} != 3")), None
    ),
}
# Before there are data, no column is missed; and in a list, the quotes of two attacks make a harmless text of what is
# between them.
MAY_PASS = {
    "a formula looked at before there are data",
    "condition looked at before",
    "study.toml before anything is computed",
    "condition in a list",
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_in_runs_what_is_written(way, tmp_path):
    data, file = table(), tmp_path / "made"
    for attack in ATTACKS:
        text = attack.replace("FILE", str(file))
        with contextlib.nullcontext() if way not in MAY_PASS else contextlib.suppress(pytest.fail.Exception):
            refused(lambda text=text: WAYS[way](data, text))
        assert not file.exists(), attack
    assert not list(tmp_path.iterdir())


def test_a_specification_that_is_refused_says_so_in_its_note(tmp_path):
    data, file = table(), tmp_path / "made"
    choices = {"plain": {"formula": "y ~ x + (1 | reader)"}}
    for number, attack in enumerate(ATTACKS):
        text = attack.replace("FILE", str(file))
        if text.strip():
            choices[f"formula {number}"] = {"formula": f"y ~ x + {text} + (1 | reader)"}
            choices[f"rows {number}"] = {"formula": "y ~ x + (1 | reader)", "rows": f"{text} != 3"}
    curve = specification_curve(data, choices, term="x").set_index("model")
    assert curve["estimate"].notna().sum() == 1
    assert curve.loc["plain", "estimate"] == pytest.approx(1, abs=0.2)
    assert curve["note"].drop("plain").str.contains("expected|got|column").all()
    assert not file.exists()


def test_nothing_in_the_package_gives_text_to_python_or_pandas_to_run():
    banned_calls = {"eval", "exec", "compile", "__import__", "query", "system", "popen", "read_pickle", "to_pickle"}
    banned_modules = {"formulaic", "patsy", "numexpr", "pickle", "cPickle", "shelve", "marshal", "dill", "cloudpickle"}
    found = []
    for file in Path(gazeanalytics.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                own = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "re"
                unpickles = any(
                    word.arg == "allow_pickle" and getattr(word.value, "value", None) is not False
                    for word in node.keywords
                )
                if (name in banned_calls and not own) or unpickles:
                    found.append(f"{file.name}:{node.lineno} {name}")
            elif isinstance(node, ast.Import | ast.ImportFrom):
                modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]
                found += [f"{file.name}:{node.lineno} {one}" for one in modules if one.split(".")[0] in banned_modules]
    assert found == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "I(x + 0*np.lib.os.system('ls'))",
            "can't read \"I(x + 0*np.lib.os.system('ls'))\": expected one of the functions I, abs, ar1",
        ),
        ("x.to_csv('a')", "got 'x.to_csv' at character 1"),
        ("{x + 1}", "can't read '{x + 1}': expected I(...) for arithmetic; got '{' at character 1"),
        ("x − 1", "can't read 'x − 1': expected '-'; got '−' (MINUS SIGN, U+2212) at character 3"),
        (
            "x == ‘a’",
            "can't read 'x == ‘a’': expected \"'\"; got '‘' (LEFT SINGLE QUOTATION MARK, U+2018) at character 6",
        ),
        ("x = 3", "can't read 'x = 3': expected '==' to compare; got '=' at character 3"),
        (
            "x == 'a",
            "can't read \"x == 'a\": expected a closing ' on the same line; got none after the one at character 6",
        ),
        ("x == @y", "can't read 'x == @y': expected a value written out, such as 3 or 'a'; got '@' at character 6"),
        ("x y", "can't read 'x y': expected an operator between two things, or the end; got 'y' at character 3"),
        ("(x + 1", "can't read '(x + 1': expected an operator or ')'; got the end at character 7"),
        ("x in [1, y]", "can't read 'x in [1, y]': expected a list of numbers or texts alone; got 'y' at character 10"),
        ("logg(x)", "can't read 'logg(x)': expected a function such as 'log'; got 'logg' at character 1"),
        ("log(x, 2)", "can't read 'log(x, 2)': expected 1 arguments of log(...); got 2 at character 1"),
        (
            "poly(x, degre=2)",
            "can't read 'poly(x, degre=2)': expected settings of poly(...), each once: degree, raw; got 'degre' at "
            "character 1",
        ),
        ("12ab", "can't read '12ab': expected a number such as 12 or 0.5; got '12ab' at character 1"),
        ("1e400", "can't read '1e400': expected a number below 1e308; got 1e400 at character 1"),
    ],
)
def test_a_refusal_says_what_stands_where_and_what_may(text, message):
    with pytest.raises(ExpressionError) as told:
        parse(text)
    assert message in str(told.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 * x", "expected 1 or 0 as the only numbers outside brackets of a function; write I(2 * x) for arithmetic"),
        (
            "x // z",
            "expected columns, functions of them and + - * : / ^ between them; write I(...) for other arithmetic",
        ),
        ("x ** z", "'x ** z': expected a whole number from 1 after ^, or I(...) for arithmetic; got 'z'"),
        ("x ** 1.5", "'x ** 1.5': expected a whole number from 1 after ^"),
        ("x > 3", "write I(...) for other arithmetic"),
        ("I(site + 1)", "'site': expected numbers; got labels (str)"),
        ("log(site)", "'site': expected numbers; got labels (str)"),
        ("log('x')", "\"'x'\": expected numbers; got text"),
        ("I('x')", "\"I('x')\": expected numbers or categories; got text in quotes"),
        ("I(x:z)", "'x:z': expected arithmetic, comparisons or and/or/not inside a value; got ':'"),
        ("I(cbind(x, z))", "'cbind(x, z)': expected numbers; got what only stands elsewhere in a formula"),
        ("I(x and z)", "'x': expected a condition, true or false in each row; compare it with something"),
        ("I(poly(x, 2) + 1)", "expected one number a row; got several, as poly and bs give; leave them alone"),
        ("poly(x, 2.5)", "'poly(x, 2.5)': expected a whole number for degree; got '2.5'"),
        ("poly(x, True)", "expected a whole number for degree; got 'True'"),
        ("poly(x, 0)", "poly(..., 0): expected a degree from 1; got 0"),
        ("poly(k, 9)", "poly(..., 9): expected more than 9 different values; got fewer"),
        ("bs(x, df=2)", "expected a degree from 0 and either knots or a df from the degree (3); got df=2, knots=None"),
        ("bs(x, knots=['a'])", "expected a list of numbers for knots"),
        ("bs(x, knots=[99])", "expected knots between"),
        ("factor(site, contr.summ)", "expected a coding, one of contr.SAS, contr.diff"),
        (
            "factor(site, contr.sum('a'))",
            "expected a base only of contr.treatment and contr.SAS, a level such as 'a' or 3",
        ),
        ("factor(site, contr.treatment('d'))", "expected a level as base: there are 'a', 'b', 'c'"),
        ("factor(site, levels=['a', 'b'])", "expected levels to hold every value, got 'a', 'b' without 'c', which"),
        ("factor(site, levels='a')", "expected a list of different levels, as in levels=['a', 'b']"),
        ("xx", "expected a column of the table; got 'xx': did you mean 'x'?"),
    ],
)
def test_what_a_design_matrix_cannot_be_made_of(text, message):
    with pytest.raises(ExpressionError) as told:
        build(expand(summands(parse(text))), table())
    assert message in str(told.value)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("site", "'site': expected a condition on columns, such as"),
        ("k", "got something that isn't true or false"),
        ("k + 1", "got something that isn't true or false"),
        ("site > 3", "'site' > '3': expected two things that can be compared; got labels (str) and numbers"),
        ("site in 'a'", "\"'a'\": expected a list after 'in', such as ['a', 'b']; got something else"),
        ("not k", "'k': expected a condition, true or false in each row; compare it with something"),
        ("x == 1 || z == 1", "got '||', which is for formulas"),
        ("factor(x) == 1", "got factor(...), which is for formulas"),
        ("y ~ x", "got '~', which is for formulas"),
        ("poly(x, 2) > 1", "expected one number a row; got several"),
        ("(poly(x, 2) in [1]) and x > 1", "expected one number a row; got several"),
        ("scale(poly(x, 2)) > 1", "expected one number a row; got several"),
        ("kindd == 'person'", "expected a column of the table; got 'kindd': did you mean 'kind'?"),
    ],
)
def test_what_is_no_condition(where, message):
    with pytest.raises(ExpressionError) as told:
        select(table(), where)
    assert message in str(told.value)


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("k in [2, 4]", lambda d: d.k.isin([2, 4])),
        ("k in (2, 4)", lambda d: d.k.isin([2, 4])),
        ("k not in [2, -4]", lambda d: ~d.k.isin([2, -4])),
        ("kind == 'person' and (x > 0 or z < 0)", lambda d: (d.kind == "person") & ((d.x > 0) | (d.z < 0))),
        ("kind == 'person' & x > 0", lambda d: (d.kind == "person") & (d.x > 0)),
        ("~(x > 0) | not z > 0", lambda d: ~(d.x > 0) | ~(d.z > 0)),
        ("-1 < x <= 1", lambda d: (d.x > -1) & (d.x <= 1)),
        ("'a' < site", lambda d: d.site > "a"),
        ("x * 2 + 1 > z ** 2 / 3 - k % 2", lambda d: d.x * 2 + 1 > d.z**2 / 3 - d.k % 2),
        ("log(k) > 1 and abs(x) < 1", lambda d: (np.log(d.k) > 1) & (d.x.abs() < 1)),
        ("isna(gap) and notna(x)", lambda d: d.gap.isna()),
        ("gap != 1", lambda d: d.gap != 1),
        ("not gap == 1", lambda d: d.gap != 1),
        ("`time on task` > 0", lambda d: d["time on task"] > 0),
        ("time on task > 0", lambda d: d["time on task"] > 0),
        ("time.spent > 0", lambda d: d["time.spent"] > 0),
        ("flag", lambda d: d.flag),
        ("flag == True and not flag == False", lambda d: d.flag),
        ("order >= 'mid'", lambda d: d.order >= "mid"),
        ("when >= '2024-01-02'", lambda d: d.when >= "2024-01-02"),
        ("whole == 9007199254740993", lambda d: d.whole == 9007199254740993),
        ("label != 'a'", lambda d: d.site != "a"),
        ("True", lambda d: d.x == d.x),
        ("1 / 0 > x // 0", lambda d: d.x < 0),
        ("x < 9 ** 9 ** 9 ** 9", lambda d: d.x == d.x),
    ],
)
def test_conditions_choose_the_rows_that_pandas_would(where, wanted):
    data = table()
    data["gap"] = data.k.where(data.k != 3)
    data["time on task"], data["time.spent"] = data.x, data.x
    data["flag"] = data.x > 0
    data["order"] = pd.Categorical(
        data.site.map({"a": "low", "b": "mid", "c": "high"}), ["low", "mid", "high"], ordered=True
    )
    data["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(data.k, unit="h") * 8
    data["whole"] = 9007199254740992 + data.k % 2
    data["label"] = data.site.astype("string")
    found = select(data, where)
    pd.testing.assert_frame_equal(found, data[wanted(data).to_numpy()])


LIMITS = [
    ("x" * 30_000, "characters"),
    ("(" * 100 + "x" + ")" * 100, "brackets, signs and powers inside one another"),
    ("-" * 9_000 + "x", "brackets, signs and powers inside one another"),
    ("not " * 4_000 + "x", "brackets, signs and powers inside one another"),
    ("**".join(["2"] * 5_000), "brackets, signs and powers inside one another"),
    (f"({'+'.join('abcdefghij')})**50", "terms"),
    ("*".join(f"v{i}" for i in range(40)), "terms"),
    ("+".join(f"v{i}" for i in range(2_000)), "terms"),
    ("*".join(["(a*b*c*d*e*f*g*h)"] * 1_000), "pairs of terms multiplied out"),
    ("(" * 20 + "a+b+c+d+e+f+g+h" + ")**9" * 20, "pairs of terms multiplied out"),
]


@pytest.mark.parametrize(("text", "what"), LIMITS)
def test_what_asks_for_too_much_is_refused_at_once(text, what):
    began = time.process_time()
    with pytest.raises(ExpressionError) as told:
        expand(summands(parse(text)))
    assert time.process_time() - began < 2  # a tenth of it at most on an idle machine
    assert f" {what}; got " in str(told.value)
    assert "or more; ask for less, or allow more inside `with gazeanalytics.expressions.limits(" in str(told.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("factor(row):factor(row, contr.sum)", "columns in the design matrix; got 57,600"),
        ("poly(x, 1000000000)", "numbers in the design matrix; got 240,000,000,000"),
        ("bs(x, df=1000000000)", "columns in the design matrix; got 1,000,000,000"),
        ("factor(many)", "columns in the design matrix; got 3,000"),
        (":".join(f"factor(k + {i})" for i in range(13)), "columns in the design matrix"),
    ],
)
def test_a_design_matrix_that_would_fill_the_memory_is_refused(text, what):
    data = table().assign(row=np.arange(240))
    data = (
        pd.concat([data] * 13, ignore_index=True).assign(many=lambda d: np.arange(len(d)) % 3_000)
        if "many" in text
        else data
    )
    with expressions.limits(degree=10**9), pytest.raises(ExpressionError) as told:
        build(expand(summands(parse(text))), data)
    assert what in str(told.value)


def test_limits_are_raised_for_a_block_and_only_there():
    long = "+".join(f"v{i}" for i in range(600))
    with expressions.limits(terms=700):
        assert len(expand(summands(parse(long)))) == 601
    with pytest.raises(ExpressionError, match="at most 500 terms; got 501"):
        expand(summands(parse(long)))
    for wrong in ({"term": 3}, {"terms": 0}, {"terms": "9"}, {"depth": 100_000}):
        with (
            pytest.raises(InputError, match="expected limits of characters, depth, terms"),
            expressions.limits(**wrong),
        ):
            pass


# --- what formulas give ---------------------------------------------------------------------------------------------

FACTORS = [
    "x", "z", "k", "f", "g", "o", "log(k + 1)", "C(k)", "I(x ** 2)", "I(x > 0)", "C(f, contr.sum)",
    "C(f, contr.helmert)", "C(f, contr.diff)", "C(o, contr.poly)", "C(f, contr.SAS)",
    "C(f, contr.treatment(base='b'))", "C(f, Treatment('c'))", "C(f, levels=['c', 'b', 'a'])", "poly(x, 2)",
    "bs(z, df=4)", "bs(z, df=5, degree=2)", "bs(x, knots=[0, 1])", "scale(x)", "scale(x, center=False)",
    "scale(x, scale=False)", "center(z)", "standardize(z)", "I(-x ** 2 / 3 - (2 - x))",
]  # fmt: skip


def sums(factors):
    """Draw right-hand sides of formulas."""

    def longer(inner):
        return st.one_of(
            st.builds("{} + {}".format, inner, inner),
            st.builds("({} + {})".format, inner, inner),
            st.builds("{}:{}".format, factors, inner.map("({})".format)),
            st.builds("({}) * ({})".format, inner, inner),
            st.builds("({})/({})".format, inner, factors),
            st.builds("({} + {})**{}".format, inner, inner, st.integers(1, 3)),
            st.builds("{} - {}".format, inner, factors),
        )

    start = st.sampled_from(["", "0 + ", "1 + ", "-1 + "])
    return st.builds("{}{}".format, start, st.recursive(factors, longer, max_leaves=4))


def formulaic_matrix(formulaic, text, data):
    matrix = formulaic.model_matrix(text, data, na_action="ignore", context={})
    said = [str(name).replace("[T.", "[").replace("C(", "factor(") for name in matrix.columns]
    return ["(Intercept)" if name == "Intercept" else name for name in said], matrix


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sums(st.sampled_from(FACTORS)))
def test_design_matrices_equal_those_of_formulaic(text):
    _equal_to_formulaic(text)


@pytest.mark.slow
@settings(max_examples=3_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sums(st.sampled_from(FACTORS)))
def test_many_design_matrices_equal_those_of_formulaic(text):
    _equal_to_formulaic(text)


def _equal_to_formulaic(text):
    formulaic = pytest.importorskip("formulaic")
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=80), "z": rng.normal(size=80), "k": rng.integers(0, 4, 80)})
    data["f"], data["g"] = rng.choice(list("abc"), 80), rng.choice(list("pq"), 80)
    data["o"] = pd.Categorical(data.f, categories=list("cab"), ordered=True)
    try:
        ours = build(expand(summands(parse(text))), data)
    except ExpressionError as told:
        assume("at most" not in str(told))
        raise
    try:
        names, theirs = formulaic_matrix(formulaic, text, data)
    except TypeError:  # it can't nest in nothing, as in (x - x)/z
        assume(False)
    assert list(ours.layout.column_names) == names
    np.testing.assert_allclose(ours.x, theirs.to_numpy(float), rtol=1e-8, atol=1e-8)
    new = data.iloc[5:15].reset_index(drop=True)
    again = theirs.model_spec.get_model_matrix(new, context={}, na_action="ignore")
    np.testing.assert_allclose(ours.layout.matrix(new), np.asarray(again, float), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", ["scale", "center", "poly", "bs"])
def test_new_rows_are_coded_as_the_rows_of_the_fit_were(name):
    data = table()
    term = {"poly": "poly(x, 2)", "bs": "bs(x, df=4)"}.get(name, f"{name}(x)")
    fit = mixed(f"y ~ {term} + (1 | reader)", data)
    np.testing.assert_allclose(predict(fit, data.iloc[7:9]), predict(fit)[7:9])
    alone = [predict(fit, data.iloc[[row]])[0] for row in (7, 8)]
    np.testing.assert_allclose(alone, predict(fit)[7:9])


def test_functions_that_remember_have_one_fit_however_they_are_scaled():
    data = table()
    plain = mixed("y ~ x + I(x^2) + (1 | reader)", data, reml=False)
    for same in ("scale(x) + I(scale(x)^2)", "center(x) + I(center(x)**2)", "poly(x, 2)", "poly(x, 2, raw=True)"):
        assert mixed(f"y ~ {same} + (1 | reader)", data, reml=False).log_likelihood == pytest.approx(
            plain.log_likelihood
        )
    cubic = mixed("y ~ poly(x, 3) + (1 | reader)", data, reml=False)
    assert mixed("y ~ bs(x, 3) + (1 | reader)", data, reml=False).log_likelihood == pytest.approx(cubic.log_likelihood)


def test_levels_never_seen_are_refused_and_missing_values_are_not_known():
    data = table()
    fit = mixed("y ~ site + bs(x, df=4) + (1 | reader)", data)
    with pytest.raises(
        ModelError, match=r"'site': expected one of the levels of the fit, 'a', 'b', 'c'; got 'd' in row 0"
    ):
        predict(fit, data.head(2).assign(site="d"))
    with pytest.raises(
        ModelError, match=r"bs\(\.\.\.\): expected values from .* as in the fit; got 99 and 1 more outside"
    ):
        predict(fit, data.head(2).assign(x=99.0))
    unknown = predict(fit, data.head(3).assign(site=["a", None, "b"], x=[0.1, 0.1, np.nan]))
    assert np.isnan(unknown).tolist() == [False, True, True]


@pytest.mark.parametrize("power", ["I((x - 1)^2)", "I((x - 1)**2)", "I( ( x-1 ) ^ 2 )"])
def test_powers_are_powers_inside_brackets_too(power):
    data = table()
    fit = mixed(f"y ~ {power} + (1 | reader)", data)
    assert fit.names == ("(Intercept)", "I((x - 1) ** 2)")
    np.testing.assert_array_equal(fit.frame.x[:, 1], (data.x - 1) ** 2)


@pytest.mark.parametrize("coding", ["contr.sum", "contr.helmert", "contr.poly", "contr.treatment(base='c')", "Sum"])
def test_the_coding_of_a_category_does_not_move_marginal_means(coding):
    data = table()
    plain = mixed("y ~ site + kind + (1 | reader)", data)
    coded = mixed(f"y ~ factor(site, {coding}) + kind + (1 | reader)", data)
    for by in ("kind", "site"):
        ours, theirs = (marginal_means(fit, by)[["contrast", "estimate", "std_error"]] for fit in (coded, plain))
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize(
    "name", ["C", "Q", "I", "log", "np", "scale", "center", "class", "lambda", "größe", "a.b", "in"]
)
def test_any_name_of_a_column_is_a_column(name):
    data = table()
    plain = mixed("y ~ x + (1 | reader)", data)
    quoted = f"`{name}`" if name == "in" else name
    fit = mixed(f"y ~ {quoted} + (1 | reader)", data.rename(columns={"x": name}))
    np.testing.assert_array_equal(fit.coefficients, plain.coefficients)
    assert fit.names[1] == name
    assert mixed(f"y ~ scale({quoted}) + (1 | reader)", data.rename(columns={"x": name})).names[1] == f"scale({name})"


def test_columns_named_by_whole_numbers_leave_the_numbers_of_a_formula_alone():
    data = table()
    plain = mixed("y ~ x + (1 | reader)", data)
    data[1], data[0] = data.x, 0.5
    np.testing.assert_array_equal(mixed("y ~ x + (1 | reader)", data).coefficients, plain.coefficients)
    np.testing.assert_array_equal(mixed("y ~ `1` + (1 | reader)", data).coefficients, plain.coefficients)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (
            "y ~ x + 1 | reader",
            "expected a random term in brackets of its own, as in (1 | reader); got 'x + 1 | reader'",
        ),
        ("y ~ x + (1 | reader | site)", "expected a random term in brackets of its own"),
        ("y ~ x + (1 | log(k))", "expected columns after the bar, such as reader, site/reader or case:reader"),
        ("y ~ x + (1 | reader + site)", "expected columns after the bar"),
        ("y ~ x + (0 | reader)", "expected an effect before the bar, such as 1; got '(0 | reader)'"),
        ("y ~ x - (1 | reader)", "expected '+' before '(1 | reader)'; got '-'; leave the term out instead"),
        ("y ~ x * (1 | reader)", "expected columns, functions of them and + - * : / ^ between them"),
        ("y ~ x ~ z", "expected a formula, which has the shape 'outcome ~ predictors + (1 | reader)'; got 'y ~ x ~ z'"),
        ("~ x", "expected a formula, which has the shape"),
        ("y ~", "can't read 'y ~': expected a column, number, text in quotes, function or bracket; got the end"),
        ("y ~ cbind(x, z)", "got 'cbind(x, z)'"),
        ("k ~ x + zeros(0 + z)", "expected zeros(...) to keep its intercept; got 'zeros(0 + z)'"),
        (
            "k ~ x + offset(scale(z))",
            "expected a known number in offset(...); got scale(...), which depends on the other rows",
        ),
        ("y ~ x + log(0 * z)", "'log(0 * z)' isn't a finite number in 240 rows, first in row 0 of those used"),
        ("y ~ I(9.0 ** (400 * k))", "'I(9.0 ** (400 * k))' isn't a finite number in 240 rows"),
    ],
)
def test_formulas_that_say_nothing_a_model_can_be(formula, message):
    with pytest.raises(ModelError) as told:
        mixed(formula, table(), family="poisson" if formula.startswith("k") else "gaussian")
    assert message in str(told.value)


# --- fuzzing --------------------------------------------------------------------------------------------------------

HOSTILE = {"open", "os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "exec", "compile", "import",
           "socket.connect", "shutil.rmtree", "os.remove", "pickle.find_class", "marshal.loads", "code.__new__",
           "object.__getattr__", "sys._getframe", "ctypes.dlopen"}  # fmt: skip
_watch = {"on": False, "seen": []}


def _hook(event, arguments):
    if _watch["on"] and event in HOSTILE:
        _watch["seen"].append((event, str(arguments)[:80]))


@contextlib.contextmanager
def watched():
    """Fail when Python opens, imports, compiles or runs anything inside the block."""
    if not _watch.get("added"):
        sys.addaudithook(_hook)
        _watch["added"] = True
    _watch["seen"] = []
    _watch["on"] = True
    try:
        yield
    finally:
        _watch["on"] = False
    assert _watch["seen"] == []


SMALL = table(30)


def try_all(text):
    """Give a text to all readings of expressions: each takes it or refuses it in its own words."""
    uses = (
        lambda: expressions.write(parse(text, columns=["time on task", "1", "x"])),
        lambda: build(expand(summands(parse(text))), SMALL),
        lambda: select(SMALL, text),
        lambda: expressions.work_out(parse(text), expressions.Rows(SMALL)),
        lambda: check_formula(text),
        lambda: check_formula(f"y ~ {text} + (1 | reader)"),
    )
    for use in uses:
        try:
            with np.errstate(all="ignore"):
                use()
        except (ExpressionError, ModelError) as told:
            assert "\n" not in str(told)  # noqa: PT017
            assert len(str(told)) < 1_000  # noqa: PT017


WORDS = [
    "x", "z", "site", "k", "y", "reader", "1", "0", "2", "1e3", "9", "'a'", '"b"', "True", "None", "`x`", "I",
    "log", "poly", "bs", "scale", "factor", "C", "contr.sum", "contr.treatment", "Treatment", "isna", "cbind",
    "offset", "nominal", "zeros", "import", "os", "open", "eval", "exec", "getattr", "format", "f'{x}'", "b''",
    "lambda", "for", "if", "else", "in", "not", "and", "or", "is", "yield", "await", "__class__", "__import__",
    "__builtins__", "_npyio_impl", "np", "pd", "system", "to_csv", ".to_csv", "np.lib.os.system", "x.y",
    "levels", "base", "degree", "df", "knots", "center",
]  # fmt: skip
MARKS = [
    "+", "-", "*", "/", "//", "%", "**", "^", ":", "~", "|", "||", "&", "&&", "==", "!=", "<", "<=", ">", ">=",
    "=", ":=", "(", ")", "[", "]", "{", "}", ",", ".", "..", "...", "@", "$", "!", "?", ";", "#", "\\", "`",
    "'", '"', " ", "\n", "\t", "(x)", "(1 | reader)", "()", "[]", "['a', 'b']", "->", "%in%", "\x00", "\u200b",
    "\u202e", "ｌｏｇ", "（", "．", "∼", "−",
]  # fmt: skip
SOUP = st.lists(st.sampled_from(WORDS + MARKS) | st.text(max_size=3), max_size=25).flatmap(
    lambda parts: st.sampled_from(["", " "]).map(lambda glue: glue.join(parts))
)


def trees(leaves):
    """Draw expressions that have the right brackets, so that they come further than soup."""

    def longer(inner):
        return st.one_of(
            st.builds("{} {} {}".format, inner, st.sampled_from([*MARKS[:21], "and", "or", "in", "not in"]), inner),
            st.builds("{}({})".format, st.sampled_from(WORDS), inner),
            st.builds("{}({}, {})".format, st.sampled_from(WORDS), inner, inner),
            st.builds("{}({}, {}={})".format, st.sampled_from(WORDS), inner, st.sampled_from(WORDS), inner),
            st.builds("({})".format, inner),
            st.builds("[{}, {}]".format, inner, inner),
            st.builds("{}.{}".format, inner, st.sampled_from(WORDS)),
            st.builds("{}[{}]".format, inner, inner),
            st.builds("{}{}".format, st.sampled_from(["-", "~", "not ", "+", "*", "**"]), inner),
            st.builds("[{} for {} in {}]".format, inner, st.sampled_from(WORDS), inner),
            st.builds("lambda {}: {}".format, st.sampled_from(WORDS), inner),
        )

    return st.recursive(leaves, longer, max_leaves=12)


GRAMMAR = trees(st.sampled_from(WORDS) | st.integers(-3, 99).map(str) | st.floats(0, 1e9).map(str))


def _warm_up():
    for text in (
        "logg(x)",
        "x",
        "x + site",
        "(1 | reader)",
        "x in [1]",
        "site == 'a'",
        "(((",
        "xx == 'a'",
        "x == 'a'",
        "y ~ xx",
    ):
        try_all(text)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SOUP | GRAMMAR)
def test_nothing_written_opens_imports_or_runs(text):
    _warm_up()
    with watched():
        try_all(text)


@pytest.mark.slow
@settings(max_examples=8_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SOUP | GRAMMAR)
def test_nothing_written_opens_imports_or_runs_however_long_one_tries(text):
    _warm_up()
    with watched():
        try_all(text)


ARITHMETIC = st.recursive(
    st.sampled_from(["x", "z", "k", "0.5", "3", "7"]),
    lambda inner: st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]), inner),
        st.builds("({})".format, inner),
        st.builds("-{}".format, inner),
        st.builds("{}({})".format, st.sampled_from(["log", "exp", "abs", "sqrt"]), inner),
    ),
    max_leaves=8,
)
CONDITIONS = st.recursive(
    st.builds("{} {} {}".format, ARITHMETIC, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), ARITHMETIC)
    | st.builds("{} < {} <= {}".format, ARITHMETIC, ARITHMETIC, ARITHMETIC)
    | st.sampled_from(["site == 'a'", "site in ['a', 'c']", "k not in [1, 2]", "'b' != site"]),
    lambda inner: st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or"]), inner),
        st.builds("not {}".format, inner),
        st.builds("({})".format, inner),
    ),
    max_leaves=4,
)


class _AsPython(ast.NodeTransformer):
    """Turn Python's and, or, not, in and chains into what numpy works out, for a reference to compare with."""

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        join = ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()
        whole = node.values[0]  # noqa: PD011
        for value in node.values[1:]:  # noqa: PD011
            whole = ast.BinOp(whole, join, value)
        return whole

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        return ast.UnaryOp(ast.Invert(), node.operand) if isinstance(node.op, ast.Not) else node

    def visit_BinOp(self, node):
        # NumPy's numbers and its arrays raise to powers by other code, which differs in the last bit.
        self.generic_visit(node)
        power = isinstance(node.op, ast.Pow)
        return ast.Call(ast.Name("power", ast.Load()), [node.left, node.right], []) if power else node

    def visit_Constant(self, node):
        number = isinstance(node.value, int | float)
        return ast.Call(ast.Name("number", ast.Load()), [node], []) if number else node

    def visit_Compare(self, node):
        sides = [node.left, *node.comparators]
        if isinstance(node.ops[0], ast.In | ast.NotIn):
            found = ast.Call(ast.Attribute(node.left, "isin", ast.Load()), [node.comparators[0]], [])
            return ast.UnaryOp(ast.Invert(), found) if isinstance(node.ops[0], ast.NotIn) else found
        sides = [self.visit(side) for side in sides]
        pairs = [ast.Compare(sides[i], [op], [sides[i + 1]]) for i, op in enumerate(node.ops)]
        whole = pairs[0]
        for pair in pairs[1:]:
            whole = ast.BinOp(whole, ast.BitAnd(), pair)
        return whole


def in_python(text):
    """Let Python work out an expression of the test's own making over the small table."""
    tree = ast.fix_missing_locations(_AsPython().visit(ast.parse(text, mode="eval")))
    names = {name: SMALL[name] for name in ("x", "z", "site")} | {"k": SMALL.k.astype(float), "number": np.float64}
    names |= {"power": np.power}
    functions = {name: getattr(np, name) for name in ("log", "exp", "abs", "sqrt")}
    with np.errstate(all="ignore"):
        return eval(compile(tree, "test", "eval"), names | functions)


@settings(max_examples=150, deadline=None)
@given(ARITHMETIC)
def test_arithmetic_equals_pythons(text):
    with np.errstate(all="ignore"):
        ours = expressions.numbers(parse(text), expressions.Rows(SMALL))
        written = expressions.numbers(parse(expressions.write(parse(text))), expressions.Rows(SMALL))
    theirs = np.asarray(in_python(text), float)
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(written, ours)


@settings(max_examples=150, deadline=None)
@given(CONDITIONS)
def test_conditions_equal_pythons(text):
    theirs = np.broadcast_to(np.asarray(in_python(text), bool), len(SMALL))
    assert select(SMALL, text).index.tolist() == SMALL.index[theirs].tolist()
    written = expressions.write(parse(text))
    assert expressions.write(parse(written)) == written
