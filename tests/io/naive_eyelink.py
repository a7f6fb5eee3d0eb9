"""Slow twins of the kernels that read EyeLink ASC, in the plainest Python."""

import re

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")


def find_lines(text):
    """Start and stop of each line of a text of bytes, without its end."""
    found, start = [], 0
    for line in text.split(b"\n"):
        found.append((start, start + len(line) - line.endswith(b"\r")))
        start += len(line) + 1
    return found[:-1] if text.endswith(b"\n") or not text else found


def parse_sample(line):
    """Numbers, words of flags and the first faulty word of a sample line."""
    numbers, flags = [], []
    for word in re.split(rb"[ \t]+", line.strip(b" \t")):
        text = word.decode("latin-1")
        if text == ".":
            numbers.append(float("nan"))
        elif re.fullmatch(r"[A-Z.]{3,}", text):
            flags.append(text)
        elif NUMBER.fullmatch(text) and len(text.replace(".", "").lstrip("-+0").partition("e")[0]) <= 15:
            numbers.append(float(text))
        else:
            return numbers, flags, text
    return numbers, flags, None
