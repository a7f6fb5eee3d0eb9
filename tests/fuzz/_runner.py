"""What the fuzzers beside this file share: seeds, limits, and what counts as a finding (needs atheris).

    python tests/fuzz/fuzz_parquet.py [-max_total_time=600] [CORPUS]      runs until stopped
    python tests/fuzz/fuzz_parquet.py FINDING                             runs one input again

A finding is any exception but a refusal in one short line (InputError, ModelError), over 5 s of processor time, over
1 GB of memory more than before, and any file written or program started. Each is printed once, by its type and its
place, its input is kept in the folder FINDINGS (default: fuzz-findings), and the search goes on. Code is instrumented,
so that seconds are two to five times those of a user.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import random
import re
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_SECONDS, MAX_KB, MAX_LINE = 5.0, 2**20, 3_000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FORBIDDEN = (
    "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link",
    "os.symlink", "os.truncate", "os.chmod", "os.putenv", "shutil.", "socket.", "subprocess.", "ctypes.dlopen",
    "pickle.",
)  # fmt: skip


class Finding(Exception):
    """What no exception of the package shows: time, memory, a file, a message of many lines."""


@dataclass(frozen=True)
class Target:
    """What is fuzzed.

    Attributes
    ----------
    run : callable of (bytes, pathlib.Path)
        Gives an input to the package; the folder is its own, and is emptied before each run.
    seeds : sequence of bytes
    refusals : tuple of exception types
        What the package may raise.
    words : sequence of bytes
        Pieces worth putting in.
    mutate : callable of (bytes, int, int), optional
        Own mutation, for formats whose checksums refuse what was changed byte by byte: input, size, seed.
    max_len : int
    """

    run: Callable[[bytes, Path], None]
    seeds: Sequence[bytes]
    refusals: tuple[type[Exception], ...]
    words: Sequence[bytes] = ()
    mutate: Callable[[bytes, int, int], bytes] | None = None
    max_len: int = 4_096


class _Watch:
    """Refuses what an input must not make Python do. C++ raises no audit events; the folder is compared for that."""

    def __init__(self) -> None:
        self.on = False
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple) -> None:
        if not self.on:
            return
        if event == "open" and len(arguments) == 3 and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            # Compiled code that Python and Numba keep for their next start is theirs, not the input's.
            if not any(mark in str(arguments[0]) for mark in ("__pycache__", ".nbi", ".nbc", "/dev/null")):
                raise Finding(f"wrote {arguments[0]!r}")
        elif event.startswith(_FORBIDDEN) and "__pycache__" not in str(arguments[:1]):
            raise Finding(f"made Python {event} {arguments!r:.200}")


class _Hunt:
    """One input after another, and what was found."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target, self.folder, self.watch = target, folder, _Watch()
        self.seen: set[str] = set()
        self.warming = True

    def one_input(self, data: bytes) -> None:
        for path in self.folder.iterdir():
            path.unlink()
        before, start = _peak_kb(), time.process_time()
        try:
            self.target.run(data, self.folder)
        except self.target.refusals as error:
            text = str(error)
            if "\n" in text or len(text) > MAX_LINE:
                self.report(data, Finding(f"expected a refusal in one short line; got {text!r:.300}"), error)
        except Exception as error:
            self.report(data, error, error)
        finally:
            self.watch.on = False
        seconds, grown = time.process_time() - start, _peak_kb() - before
        if self.warming:  # imports and compiles
            return
        if seconds > MAX_SECONDS:
            self.report(data, Finding(f"took {seconds:.1f} s"), None)
        if grown > MAX_KB:
            self.report(data, Finding(f"took {grown >> 10} MB"), None)

    def report(self, data: bytes, error: Exception, raised: Exception | None) -> None:
        place = _place(raised)
        mark = f"{type(error).__name__} {place}" + (str(error)[:12] if raised is None else "")
        if mark in self.seen:
            return
        self.seen.add(mark)
        kept = Path(os.environ.get("FINDINGS", "fuzz-findings")) / hashlib.sha256(data).hexdigest()[:12]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(data)
        sys.stderr.write(f"\nFINDING {type(error).__name__}: {str(error)[:400]}\n  at {place}\n  input in {kept}\n")


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _place(error: BaseException | None) -> str:
    """Give the last line of the package on the way to an exception."""
    frames = list(traceback.extract_tb(error.__traceback__)) if error is not None else []
    own = [frame for frame in frames if "gazeanalytics" in frame.filename and "fuzz" not in Path(frame.filename).name]
    last = (own or frames)[-1:]
    return f"{Path(last[0].filename).name}:{last[0].lineno} ({last[0].name})" if last else "no line"


def _write_dictionary(path: Path, words: Sequence[bytes]) -> None:
    lines = ['"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in words]
    path.write_text("\n".join(lines) + "\n", "ascii")


def _others(include: Sequence[str]) -> list[str]:
    """Name every other module: atheris includes whole packages, and Numba can't compile instrumented kernels."""
    spec = importlib.util.find_spec("gazeanalytics")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    found = [".".join(path.relative_to(package.parent).with_suffix("").parts) for path in package.rglob("*.py")]
    return [name.removesuffix(".__init__") for name in found if not name.startswith(tuple(include))]


def watched(run: Callable[[], object]) -> None:
    """Run a part of a target with the watch on; what a target writes as its own input is written before."""
    assert _hunt is not None
    _hunt.watch.on = not _hunt.warming
    try:
        run()
    finally:
        _hunt.watch.on = False


_hunt: _Hunt | None = None


def splicing(words: Sequence[bytes]) -> Callable[[bytes, int, int], bytes]:
    """Give a mutation for text: puts words and odd numbers in, repeats and drops pieces; sometimes changes any bytes.

    Tags that must be whole, and numbers within them, are out of reach of single bytes.
    """
    import atheris

    numbers = (b"1.2.3", b".", b"-", b"1e9", b"0", b"99999999999999999999", b"-.5", b"1.", "١".encode(), b"nan")

    def mutate(data: bytes, size: int, seed: int) -> bytes:
        draw = random.Random(seed)
        if draw.random() < 0.3:
            return atheris.Mutate(data, size)
        for _ in range(draw.randint(1, 3)):
            places = [0, *(found.end() for found in re.finditer(rb"\d+|[^\W\d]+|\s+|[^\w\s]", data))]
            start, stop = sorted(draw.choices(places, k=2))
            action = draw.random()
            if action < 0.35:
                data = data[:start] + draw.choice(words) + data[start:]
            elif action < 0.55 and (digits := list(re.finditer(rb"[\d.]+", data))):
                found = draw.choice(digits)
                data = data[: found.start()] + draw.choice(numbers) + data[found.end() :]
            elif action < 0.75:
                data = data[:stop] + data[start:stop] * draw.choice((1, 2, 8)) + data[stop:]
            else:
                data = data[:start] + data[stop:]
        return data[:size]

    return mutate


def fuzz(include: Sequence[str], prepare: Callable[[], Target]) -> None:
    """Run a fuzzer over what `prepare` gives.

    Parameters
    ----------
    include : sequence of str
        Modules whose branches lead the search, with those below them.
    prepare : callable
        Imports what is fuzzed.
    """
    global _hunt
    import atheris

    warnings.simplefilter("ignore")  # printing them takes longer than most inputs do

    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as folder:
        with atheris.instrument_imports(include=list(include), exclude=_others(include)):
            target = prepare()
            _hunt = _Hunt(target, Path(folder))
            for seed in target.seeds:  # imports and compiles what is imported and compiled at first use
                _hunt.one_input(seed)
            _hunt.warming = False
        seeds = Path(place) / "seeds"
        seeds.mkdir()
        for number, seed in enumerate(target.seeds):
            (seeds / str(number)).write_bytes(seed)
        options = [
            f"-max_len={target.max_len}",
            "-timeout=60",
            "-len_control=10",
            f"-rss_limit_mb={(_peak_kb() >> 10) + 3_000}",
        ]
        if target.words:
            _write_dictionary(Path(place) / "words", target.words)
            options.append(f"-dict={Path(place) / 'words'}")
        one_input = any(Path(argument).is_file() for argument in sys.argv[1:])
        own = {} if target.mutate is None else {"custom_mutator": target.mutate}
        corpus = [] if one_input else [str(seeds)]
        atheris.Setup([sys.argv[0], *options, *sys.argv[1:], *corpus], _hunt.one_input, **own)
        atheris.Fuzz()
