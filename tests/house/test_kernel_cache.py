"""The cache of compiled kernels must see edits in any kernel file that a kernel calls."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import gazeanalytics


def run(folder: Path) -> str:
    """Call the kernel in a fresh process that finds the package copied to `folder`."""
    code = "from gazeanalytics._kernels.room import caller; print(caller.answer(1.0), caller.answer.stats.cache_hits)"
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("NUMBA_DISABLE_JIT", None)
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def make_room(folder: Path) -> Path:
    """Make a package with the real compiler of kernels and an empty room for them."""
    package = folder / "gazeanalytics"
    room = package / "_kernels" / "room"
    room.mkdir(parents=True)
    (package / "__init__.py").touch()
    (room / "__init__.py").touch()
    source = Path(gazeanalytics.__file__).parent / "_kernels" / "__init__.py"
    (package / "_kernels" / "__init__.py").write_bytes(source.read_bytes())
    return room


def test_a_renamed_argument_type_is_compiled_anew(tmp_path):
    room = make_room(tmp_path)
    body = """
    from typing import NamedTuple

    from gazeanalytics._kernels import kernel


    class {name}(NamedTuple):
        x: float


    @kernel
    def first(pair):
        return 10 * pair.x


    def answer(x):
        return first({name}(x))


    answer.stats = first.stats
    """
    for name in ("Pair", "Couple"):
        (room / "caller.py").write_text(textwrap.dedent(body.format(name=name)))
        assert run(tmp_path).split()[0] == "10.0"


def test_an_edit_in_a_called_file_drops_the_compiled_caller(tmp_path):
    room = make_room(tmp_path)
    called = room / "called.py"
    body = """
    from gazeanalytics._kernels import kernel

    @kernel
    def value(x):
        return x + {number}
    """
    called.write_text(textwrap.dedent(body.format(number=1)))
    (room / "between.py").write_text("from gazeanalytics._kernels.room.called import value\n")
    (room / "caller.py").write_text(
        textwrap.dedent(
            """
            from gazeanalytics._kernels import kernel
            from gazeanalytics._kernels.room import between

            value = between.value

            @kernel
            def answer(x):
                return 10 * value(x)
            """
        )
    )
    assert run(tmp_path).split()[0] == "20.0"
    again, hits = run(tmp_path).split(" ", 1)
    assert again == "20.0"
    assert "1" in hits, "the second process must take the compiled code from the disk"
    called.write_text(textwrap.dedent(body.format(number=2)))
    assert run(tmp_path).split()[0] == "30.0"
