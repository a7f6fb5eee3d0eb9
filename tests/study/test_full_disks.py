"""Disks that are full, and limits on the size of files, at 20 sizes each: one sentence, nothing lost, resumed."""

import subprocess
import sys

import pytest

PAGE = 4096
SIZES = 20
_SENTENCE = 1_000  # bytes


@pytest.fixture(scope="module")
def kept(whole, tmp_path_factory):
    """Sizes of the files that a run keeps while it works: one killed when all of them are there leaves them."""
    out = tmp_path_factory.mktemp("parts") / "out"
    assert whole.run(out, number=9, place=whole.swap_begins(False) - 1)[0] == -9
    return sizes(out / ".gazeanalytics" / "parts")


def sizes(folder):
    return [path.stat().st_size for path in folder.rglob("*") if path.is_file()]


def pages(files):
    """How many pages files of these sizes take."""
    return sum(-(-size // PAGE) for size in files)


def check_full(whole, runs, out, about, **limits):
    """One sentence with what to do, and the old results as they were; gives the sentence."""
    status, said = whole.run(out, "--overwrite", **limits)
    assert status == 2, (about, said)
    sentences = [line for line in said.splitlines() if "Warning: " not in line]
    assert len(sentences) == 1, (about, said)
    assert "run again; earlier results are as they were" in sentences[0], (about, said)
    assert runs.hashes(out) == whole.before, about
    return f"{about}: {sentences[0].replace(str(out), 'OUT')}"


def check_resumed(whole, runs, out, about):
    status, said = whole.run(out, "--overwrite")
    assert status == 0, (about, said)
    assert runs.hashes(out) == whole.wanted, about
    assert not (out / ".gazeanalytics").exists(), about


def in_two(values):
    """Two halves of ascending values, for the two runs at a time: one after the other in the same folder."""
    return [(values[start::2],) for start in (0, 1)]


@pytest.mark.slow
def test_files_that_may_not_grow(whole, runs, kept, tmp_path):
    """The limit lies one byte below the size of each of 20 files of the run, so that another one fails each time.

    What a run says goes to a file too, here: files shorter than a sentence are left out.
    """
    files = sorted({size for size in sizes(whole.folder / "new") + kept if size > _SENTENCE})
    limits = [files[round(place * (len(files) - 1) / (SIZES - 1))] - 1 for place in range(SIZES)]

    def check(ascending):
        out = tmp_path / f"out{ascending[0]}"
        whole.old_results(out)
        told = [check_full(whole, runs, out, f"files of at most {limit} bytes", fsize=limit) for limit in ascending]
        check_resumed(whole, runs, out, ascending)
        return "\n".join(told)

    runs.two_at_a_time(check, in_two(limits))


@pytest.mark.slow
def test_small_disks(whole, runs, kept, tmp_path):
    """Real small file systems, from one without a free page to one that lacks a page for the last file."""
    if sys.platform != "linux" or not mounted(tmp_path / "try", 16):
        pytest.skip("mounting a tmpfs is not allowed here")
    unmount(tmp_path / "try")
    old, new = (pages(sizes(whole.folder / name)) for name in ("old", "new"))
    room = pages(kept) + new

    def check(ascending):
        disk = tmp_path / f"disk{ascending[0]}"
        assert mounted(disk, ascending[0])
        try:
            out, told = disk / "out", []
            whole.old_results(out)
            for size in ascending:
                grow(disk, size)
                told.append(check_full(whole, runs, out, f"disk of {size} pages"))
            grow(disk, 10 * size)
            check_resumed(whole, runs, out, ascending)
            return "\n".join(told)
        finally:
            unmount(disk)

    runs.two_at_a_time(check, in_two([old + round(place * room / (SIZES - 1)) for place in range(SIZES)]))


def mounted(folder, size):
    folder.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", f"size={size * PAGE}", "tmpfs", str(folder)]
    return subprocess.run(options, capture_output=True, check=False).returncode == 0


def grow(folder, size):
    subprocess.run(["mount", "-o", f"remount,size={size * PAGE}", str(folder)], check=True)


def unmount(folder):
    subprocess.run(["umount", str(folder)], check=True)
