"""Fuzz what is read of an AI reader's output (see _runner.py)."""

from pathlib import Path
from zlib import crc32

from _runner import Target, fuzz, splicing, watched

SEEDS = [
    rb"<think>Hazy bases.</think> <answer> Edema, Lung Opacity </answer>",
    rb"So the answer: \boxed{\text{Pleural Effusion} and \mathrm{edema}}",
    rb"Final answer: (B). <|ref|>nodule<|/ref|><|box|>(10, 20.5),(30,-40)<|/box|>",
    rb"**Final Answer** is: yes, no pneumothorax",
    rb"- edema\n2) fracture and pneumonia \boxed{A}, {\boxed{B}}",
]
WORDS = [
    b"<answer>",
    b"</answer>",
    b"<think>",
    b"</think>",
    rb"\boxed{",
    b"<|ref|>",
    b"<|/ref|>",
    b"<|box|>",
    b"<|/box|>",
]


def prepare() -> Target:
    import pandas as pd

    from gazeanalytics.reasoning import parse_outputs
    from gazeanalytics.tables import InputError

    def run(data: bytes, folder: Path) -> None:
        text = data.decode("utf-8", "replace")
        watched(lambda: parse_outputs(pd.Series([text])))
        # Repeated: a pattern that backtracks over a tag left open shows only where there are thousands of them. Now and
        # then, for it takes long.
        if len(text) < 64 and crc32(data) % 8 == 0:
            watched(lambda: parse_outputs(pd.Series([text * (50_000 // max(len(text), 1))])))

    return Target(run, SEEDS, (InputError,), WORDS, splicing(WORDS))


if __name__ == "__main__":
    fuzz(["gazeanalytics.reasoning.ai"], prepare)
