"""Events of a study: one detector for all its parts, chosen once."""

import shutil
from pathlib import Path

from gazeanalytics.study import open_study
from gazeanalytics.study.analyses import events
from gazeanalytics.study.result import StudyResult

DATA = Path(__file__).parents[2] / "data_samples"


def part_of_study(folder, detector):
    """A study with the first two files of samples."""
    shutil.copytree(DATA, folder, ignore=shutil.ignore_patterns("samples", "truth", "traces"))
    (folder / "samples").mkdir()
    for file in sorted((DATA / "samples").iterdir())[:2]:
        shutil.copy(file, folder / "samples")
    with (folder / "study.toml").open("a") as stream:
        stream.write(f'\n[events]\ndetector = "{detector}"\n')
    return open_study(folder)


def test_auto_chooses_one_detector_for_the_whole_study(tmp_path):
    chosen = events.run(StudyResult(part_of_study(tmp_path / "auto", "auto")), None)
    named = events.run(StudyResult(part_of_study(tmp_path / "named", "cascade")), None)
    assert chosen.settings == {**named.settings, "chosen_because": "little noise (RMS-S2S 0.04 deg at 120 Hz)"}
    assert chosen.fixations.equals(named.fixations)
    assert chosen.fixations["reading"].nunique() > 1
