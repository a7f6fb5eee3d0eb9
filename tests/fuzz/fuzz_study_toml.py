"""Fuzz study.toml: what a received study may make `check` and the plan of an analysis do (see _runner.py)."""

import random
from pathlib import Path

from _runner import Target, fuzz, watched

SEEDS = [
    b'[study]\nname = "a"\n[screen]\nwidth_px = 1000\nheight_px = 800\n'
    b"width_mm = 300\nheight_mm = 240\ndistance_mm = 600\n",
    b'[tables.fixations]\nfile = "fixations.csv"\nframe = "image"\nclock = "recording"\n'
    b'columns.onset = { name = "onset", unit = "s" }\nmissing = ["-1"]\n',
    b'[models.accuracy]\nformula = "correct ~ scale(x) + (1 | reader)"\nfamily = "binomial"\nwhere = "x in [1, 2]"\n',
    b'[analyses.multiverse]\nrun = false\n[events]\ndetector = "ivt"\n[report]\nmin_cell = 5\nidentifiers = false\n',
    b'[tables.readers]\nfile = ["readers.csv", "*.csv"]\ndistinct = true\nencoding = "latin-1"\ndelimiter = ";"\n',
]

VALUES = [
    b"nan", b"-inf", b"1e308", b"-1", b"0", b"99999999999999999999", b'""', b"true", b"[]", b"{}", b'["*"]',
    b"2020-01-01", b"'x'", b'"\\u0000"', b'"../../x"', b'"a\\nb"', b"[[1]]", b"1_0", b"{ name = 1 }",
]  # fmt: skip


def mutate(data: bytes, size: int, seed: int) -> bytes:
    """Move, drop or repeat a line or take another's value, so that it stays TOML; sometimes change bytes anywhere."""
    import atheris

    draw = random.Random(seed)
    lines = data.split(b"\n")
    if draw.random() < 0.3:
        return atheris.Mutate(data, size)
    place = draw.randrange(len(lines))
    key, equals, _ = lines[place].partition(b"=")
    action = draw.random()
    if action < 0.5 and equals:
        lines[place] = key + b"= " + draw.choice(VALUES)
    elif action < 0.6:
        del lines[place]
    else:
        lines.insert(draw.randrange(len(lines) + 1), draw.choice([*lines, *b"\n".join(SEEDS).split(b"\n")]))
    return b"\n".join(lines)[:size]


def prepare() -> Target:
    from gazeanalytics.stats.mixed.design import ModelError
    from gazeanalytics.study import open_study, plan
    from gazeanalytics.study.config import StudyConfig
    from gazeanalytics.study.examples import example_study
    from gazeanalytics.tables import InputError

    example = example_study().folder
    files = {path.name: path.read_bytes() for path in example.iterdir() if path.name != "study.toml"}
    whole = [*SEEDS, (example / "study.toml").read_bytes()]
    keys = [name.encode() for name in StudyConfig.model_fields]
    keys += [
        b"[tables.",
        b"[models.",
        b"[analyses.",
        b"formula = ",
        b"where = ",
        b"columns.",
        b"file = ",
        b"{ ",
        b"nan",
        b"inf",
    ]

    def run(data: bytes, folder: Path) -> None:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        (folder / "study.toml").write_bytes(data)

        def use() -> None:
            study = open_study(folder)
            plan(study)
            study.check()

        watched(use)

    return Target(run, whole, (InputError, ModelError), keys, mutate, max_len=2_000)


if __name__ == "__main__":
    fuzz(["gazeanalytics.study", "gazeanalytics.io", "tomllib"], prepare)
