"""The package uses the words of eye tracking, radiology and statistics, one parameter dictionary and plain English."""

import importlib
import inspect
import io
import pkgutil
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

import gazeanalytics

ROOT = Path(gazeanalytics.__file__).parent

# What a user would search, and the file where its function lives.
FIELD_WORDS = {
    "AOI": "gaze/aoi/regions.py",
    "area of interest": "tables/contract.py",
    "TTFF": "gaze/aoi/aoi_metrics.py",
    "time to first fixation": "gaze/aoi/aoi_metrics.py",
    "first fixation duration": "gaze/aoi/aoi_metrics.py",
    "dwell time": "gaze/aoi/aoi_metrics.py",
    "transition matrix": "gaze/aoi/aoi_metrics.py",
    "I-VT": "events/ivt.py",
    "I-DT": "events/idt.py",
    "main sequence": "gaze/main_sequence.py",
    "ScanMatch": "gaze/scanpaths/strings.py",
    "negation": "reasoning/labeler/negation.py",
    "NegEx": "reasoning/labeler/negation.py",
    "eye-voice span": "reasoning/alignment/eye_voice_span.py",
    "archetypal analysis": "strategies/continuum/archetypes.py",
    "EMHMM": "strategies/markov/emhmm.py",
    "principal component": "strategies/continuum/components.py",
    "silhouette": "strategies/clustering/clustering.py",
    "attention map": "report/figures/images.py",
    "forest plot": "report/figures/models.py",
    "calibration curve": "report/figures/accuracy.py",
    "k-anonymity": "report/table_one.py",
    "anova": "stats/mixed/anova.py",
    "likelihood-ratio test": "stats/mixed/anova.py",
    "estimated marginal means": "stats/mixed/marginal_means.py",
    "confidence interval": "stats/mixed/confint.py",
    "bootstrap": "stats/resampling/bootstrap.py",
    "permutation test": "stats/resampling/permutation.py",
    "MRMC": "stats/roc/analysis.py",
    "ROC curve": "stats/roc/curves.py",
    "area under the ROC curve": "stats/roc/figures_of_merit.py",
    "FROC": "stats/roc/free_response.py",
    "Cohen's kappa": "stats/agreement/agreement.py",
    "intraclass correlation": "stats/agreement/icc.py",
    "cross-validation": "stats/agreement/disagreement_prediction.py",
    "Brier score": "stats/calibration.py",
    "type-2 ROC": "stats/metacognition.py",
    "non-inferiority": "stats/roc/noninferiority.py",
    "isotonic regression": "stats/recalibration.py",
}

# In their place: max_*, min_*, reported, significant, n_jobs.
FORBIDDEN = re.compile(r"(most|fewest|least|largest|greatest|longest|shortest|widest|smallest)(_.*)?|told|sure|threads")
# In their place: confidence, n_resamples, n_splits, max_iter, n_permutations. As text or arrays they may stand: the
# level of a factor, the splits themselves.
FORBIDDEN_NUMBERS = re.compile(r"level|resamples|repeats|draws|splits|rounds|shuffles|permutations")

ARCHAIC = re.compile(
    r"\b(told|tells?|telling|came|wanted|mends?|mended|mending|foretold|foretells?|foretelling|dealt|spelt|shrugs?"
    r"|lumps?|hillside|anywhen)\b",
    re.IGNORECASE,
)


@cache
def modules():
    found = pkgutil.walk_packages([str(ROOT)], "gazeanalytics.")
    return [importlib.import_module(module.name) for module in found if "._kernels" not in module.name]


def public():
    """Every function and class of an `__all__`, once, with the public methods of the classes."""
    seen = set()
    for module in modules():
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name, None)
            if not getattr(thing, "__module__", "").startswith("gazeanalytics") or id(thing) in seen:
                continue
            seen.add(id(thing))
            if inspect.isfunction(thing):
                yield f"{thing.__module__}.{name}", thing
            elif inspect.isclass(thing) and not issubclass(thing, BaseException):
                yield f"{thing.__module__}.{name}", thing
                for method, body in vars(thing).items():
                    body = getattr(body, "__func__", body)
                    if inspect.isfunction(body) and not method.startswith("_"):
                        yield f"{thing.__module__}.{name}.{method}", body


def exported(thing):
    """Whether a room or its sub-room hands a function out, so that its result is what users hold."""
    packages = [module for module in modules() if hasattr(module, "__path__")]
    return inspect.isfunction(thing) and any(
        getattr(package, name, None) is thing for package in packages for name in getattr(package, "__all__", ())
    )


def breaches():
    """Each public parameter that is not in the dictionary, and each `Any` in a public result, with its place."""
    for place, thing in public():
        try:
            signature = inspect.signature(thing)
        except ValueError:
            continue
        for parameter in signature.parameters.values():
            annotation = str(parameter.annotation)
            number = re.search(r"\b(int|float)\b", annotation) and FORBIDDEN_NUMBERS.fullmatch(parameter.name)
            shows_names = parameter.name == "names" and annotation == "bool"
            cell = parameter.name == "k" and ".report." in place
            if FORBIDDEN.fullmatch(parameter.name) or number or shows_names or cell:
                yield place, f"parameter {parameter.name!r}"
            if parameter.kind is parameter.VAR_KEYWORD and annotation in ("Any", "typing.Any"):
                yield place, f"**{parameter.name}: Any"
        if exported(thing) and re.search(r"\bAny\b", str(signature.return_annotation)):
            yield place, f"returns {signature.return_annotation}"


def words_of(path):
    """Comments and strings of a file: docstrings, messages, labels; names in code are left out."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING) or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
            yield token.start[0], token.string


def archaic():
    for path in sorted(ROOT.rglob("*.py")):
        for line, text in words_of(path):
            for found in ARCHAIC.finditer(text):
                row = line + text[: found.start()].count("\n")
                yield f"{path.relative_to(ROOT)}:{row}: {found[0]}"


@pytest.mark.parametrize("word", FIELD_WORDS)
def test_a_field_word_stands_where_its_function_lives(word):
    text = (ROOT / FIELD_WORDS[word]).read_text(encoding="utf-8")
    assert re.search(re.escape(word), text, re.IGNORECASE)


def test_public_parameters_are_in_one_dictionary():
    found = [f"{place}: {what}" for place, what in breaches()]
    assert not found, "\n".join(found)


def test_docstrings_messages_and_comments_are_in_plain_english():
    found = list(archaic())
    assert not found, "\n".join(found)
