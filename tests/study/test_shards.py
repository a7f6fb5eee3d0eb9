import pandas as pd
import pytest

from gazeanalytics.study.shards import digest_of, over_shards, write_parquet, write_text


class Doubler:
    """Doubles a file's numbers, counts its calls and may be killed before the second file."""

    def __init__(self, killed=False):
        self.calls, self.killed = [], killed

    def __call__(self, file):
        if self.killed and file.name == "1.csv":
            raise KeyboardInterrupt
        self.calls.append(file.name)
        return {"twice": pd.read_csv(file) * 2}


@pytest.fixture
def files(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.csv").write_text(f"a\n{number}\n")
    return sorted(tmp_path.glob("*.csv"))


def results(compute, files, **choices):
    return [part["twice"]["a"].tolist() for part in over_shards(compute, files, **choices)]


def test_parts_come_in_file_order(files):
    told = []
    assert results(Doubler(), files, label="step", progress=lambda *words: told.append(words)) == [[0], [2], [4]]
    assert told == [("step", 1, 3), ("step", 2, 3), ("step", 3, 3)]


def test_a_killed_run_goes_on_where_it_stopped(files, tmp_path):
    keep = tmp_path / "keep"
    killed = Doubler(killed=True)
    with pytest.raises(KeyboardInterrupt):
        results(killed, files, keep=keep, workers=1)
    again = Doubler()
    assert results(again, files, keep=keep) == [[0], [2], [4]]
    assert sorted(again.calls + killed.calls) == ["0.csv", "1.csv", "2.csv"]
    third = Doubler()
    assert results(third, files, keep=keep) == [[0], [2], [4]]
    assert third.calls == []


def test_a_changed_file_or_setting_is_computed_anew(files, tmp_path):
    keep = tmp_path / "keep"
    results(Doubler(), files, keep=keep)
    files[0].write_text("a\n50\n")
    changed = Doubler()
    assert results(changed, files, keep=keep) == [[100], [2], [4]]
    assert changed.calls == ["0.csv"]
    other = Doubler()
    results(other, files, keep=keep, salt="another detector")
    assert len(other.calls) == 3


def test_a_failed_write_leaves_neither_half_nor_nothing(tmp_path):
    path = tmp_path / "x.parquet"
    write_parquet(pd.DataFrame({"a": [1]}), path)
    whole = path.read_bytes()
    with pytest.raises(Exception, match=r"Could not convert|Conversion failed|Expected bytes"):
        write_parquet(pd.DataFrame({"a": [1, "b", object()]}), path)
    assert path.read_bytes() == whole
    assert [p.name for p in tmp_path.iterdir()] == ["x.parquet"]


def test_digests_follow_contents(tmp_path):
    write_text("a", tmp_path / "a")
    assert digest_of(tmp_path / "a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert digest_of(tmp_path / "a", salt="b") != digest_of(tmp_path / "a")


def test_a_part_that_the_disk_damaged_is_made_again(files, tmp_path):
    keep = tmp_path / "keep"
    results(Doubler(), files, keep=keep)
    part = sorted(keep.rglob("*.parquet"))[0]
    content = bytearray(part.read_bytes())
    content[len(content) // 3] ^= 1
    part.write_bytes(content)
    again = Doubler()
    assert results(again, files, keep=keep) == [[0], [2], [4]]
    assert len(again.calls) == 1
    assert results(Doubler(), files, keep=keep) == [[0], [2], [4]]
