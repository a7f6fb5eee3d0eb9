"""Fuzz the labeler of findings with hostile and run-away text (see _runner.py)."""

from pathlib import Path
from zlib import crc32

from _runner import Target, fuzz, splicing, watched

SEEDS = [
    b"No pneumothorax; possible left basilar atelectasis, unchanged since 2019-03-01.",
    b"There may be a small right effusion (90 % sure), but edema can't be excluded.",
    b"Heart size is normal. Lungs: clear, without focal consolidation or nodule.",
    b"Wait, that's a skin fold. Confidence: 4/5; 20 to 40 % chance of pneumonia.",
    "no évidence d'épanchement; Kein Erguss; 胸水なし".encode(),
]
WORDS = [
    b"no ",
    b"without ",
    b"or ",
    b"and ",
    b"edema",
    b"effusion",
    b" %",
    b"cannot be excluded",
    b"likely ",
    b"(",
    b"; ",
    b"-",
]


def prepare() -> Target:
    from gazeanalytics.reasoning import label_text
    from gazeanalytics.tables import InputError

    def run(data: bytes, folder: Path) -> None:
        text = data.decode("utf-8", "replace")
        watched(lambda: label_text(text))
        # Repeated: what is quadratic in the length of a sentence shows only in a long one. Not always: it takes long.
        if len(text) < 64 and crc32(data) % 8 == 0:
            watched(lambda: label_text(text * (8_000 // max(len(text), 1))))

    return Target(run, SEEDS, (InputError,), WORDS, splicing(WORDS), max_len=1_000)


if __name__ == "__main__":
    fuzz(["gazeanalytics.reasoning.labeler"], prepare)
