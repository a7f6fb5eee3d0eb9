"""Let coverage lead a fuzzer through the fence around expressions (needs atheris; runs until stopped).

    python tests/fuzz/fuzz_expressions.py [-max_total_time=60] [CORPUS]

A finding is anything but a refusal in the fence's own words: another exception, a file opened, a module imported, code
compiled or run, or a text that takes longer than -timeout seconds.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

HOSTILE = (
    "open",
    "os.",
    "subprocess.",
    "exec",
    "compile",
    "import",
    "socket.",
    "shutil.",
    "pickle.",
    "marshal.",
    "ctypes.",
)
SEEDS = [
    "y ~ scale(x) * factor(site, contr.treatment(base='b')) + poly(z, 2) + (1 + x || site/reader) + offset(log(k))",
    "y ~ (x + z)**2 - x:z + bs(x, df=4, degree=2) + zeros(1) - 1",
    "k in [1, 2] and not (site == 'a' or isna(x)) & -1 < x <= 3 ** 2 % 5",
    "I(x + 0*np.lib._npyio_impl.os.system('true'))",
    "{x.to_csv('/dev/null') or x}",
]
TABLE = pd.DataFrame({"x": [0.1, 2.0, -1.0, 4.0], "z": [1.0, 3.0, 2.0, 5.0], "k": [1, 2, 3, 4], "site": list("abca")})
TABLE = TABLE.assign(y=TABLE["x"] + 1, reader=[1, 1, 2, 2])
watching = False


def on_event(event, arguments):
    if watching and event.startswith(HOSTILE):
        raise RuntimeError(f"an expression made Python {event} {arguments}")


def uses(expressions, check_formula, text):
    """Give every reading of an expression."""
    yield lambda: expressions.write(expressions.parse(text, columns=TABLE.columns))
    yield lambda: expressions.build(expressions.expand(expressions.summands(expressions.parse(text))), TABLE)
    yield lambda: expressions.select(TABLE, text)
    yield lambda: check_formula(text)


def main():
    import atheris

    with atheris.instrument_imports(include=["gazeanalytics.expressions"]):
        from gazeanalytics import expressions
    from gazeanalytics.stats.mixed.design import ModelError
    from gazeanalytics.stats.mixed.model import check_formula

    def one_input(data):
        global watching
        text = data.decode("utf-8", "replace")
        for use in uses(expressions, check_formula, text):
            watching = True
            try:
                with np.errstate(all="ignore"):
                    use()
            except (expressions.ExpressionError, ModelError) as told:
                if "\n" in str(told) or len(str(told)) > 3_000:
                    raise RuntimeError(f"a refusal wants one short line; got {str(told)!r}") from told
            finally:
                watching = False

    for seed in [*SEEDS, "logg(x)", "xx == 1"]:  # what is imported at first use is imported now
        one_input_quietly(expressions, check_formula, seed)
    sys.addaudithook(on_event)
    words = Path(__file__).with_name("expressions.dict")
    with TemporaryDirectory() as seeds:
        for number, seed in enumerate(SEEDS):
            (Path(seeds) / str(number)).write_text(seed, encoding="utf-8")
        options = [f"-dict={words}", "-max_len=400", "-timeout=10"]
        atheris.Setup([sys.argv[0], *options, *sys.argv[1:], seeds], one_input)
        atheris.Fuzz()


def one_input_quietly(expressions, check_formula, text):
    for use in uses(expressions, check_formula, text):
        try:
            use()
        except ValueError:
            continue


if __name__ == "__main__":
    main()
