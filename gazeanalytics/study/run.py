"""The one way through a study: check it, run every analysis that it allows, write what was found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gazeanalytics.study.planning import Planned, plan
from gazeanalytics.study.privacy import check_key_file
from gazeanalytics.study.pseudonyms import pseudonyms_of
from gazeanalytics.study.result import NotPossibleError, StudyResult
from gazeanalytics.study.shards import Progress, write_text
from gazeanalytics.study.staging import check_free, staged
from gazeanalytics.study.study import Study
from gazeanalytics.study.writing import write

__all__ = ["analyse"]


def analyse(
    study: Study,
    out: str | Path | None = None,
    *,
    only: Iterable[str] | None = None,
    overwrite: bool = False,
    key_file: str | Path | None = None,
    progress: Progress | None = None,
) -> StudyResult:
    """Analyse a study, and write tables, figures, an HTML page and its provenance to `out`.

    Parameters
    ----------
    study : Study
        From `open_study`.
    out : str or pathlib.Path, optional
        Folder for the results; None writes nothing.
    only : iterable of str, optional
        Names of analyses to run, with those that they need; default: all that study.toml leaves on.
    overwrite : bool
        Replace results that are there already. They stay whole until the new ones are.
    key_file : str or pathlib.Path, optional
        Where to write what each pseudonym stands for (CSV); keep it apart from the results. Default: nowhere.
    progress : callable, optional
        Called as `progress(step, done, total)`.

    Returns
    -------
    StudyResult
        The outcome of each analysis; `skipped` says why others were not possible.

    Raises
    ------
    InputError
        If the study can't be analysed as it stands, or `out` holds results already. Finished parts of a killed run are
        kept in `out` and used again.

    Examples
    --------
    >>> from gazeanalytics.study.examples import example_study
    >>> found = analyse(example_study(), only=["aoi_metrics"])
    >>> list(found.outcomes)
    ['events', 'exclusions', 'aoi_metrics']
    >>> found.table("aoi_metrics")[["reading", "region", "n_visits"]].head(2).values.tolist()
    [[1, 'right', 1], [1, 'left', 1]]
    """
    progressed = progress or _silent
    names = None if only is None else list(only)
    if out is None:
        counts, planned = _checked(study, names, progressed)
        return _run(StudyResult(study, counts=counts, progress=progress), planned, progressed)
    out = Path(out)
    check_free(out, study, overwrite)
    if key_file is not None:
        check_key_file(Path(key_file), out, study)
    counts, planned = _checked(study, names, progressed)
    with staged(out) as stage:
        found = _run(StudyResult(study, counts=counts, keep=stage.parts, progress=progress), planned, progressed)
        write(found, planned, stage.folder, progress=progress)
    if key_file is not None:
        write_text(pseudonyms_of(study).key_file().to_csv(index=False, lineterminator="\n"), Path(key_file))
    return found


def _checked(study: Study, only: list[str] | None, progressed: Progress) -> tuple[dict[str, int], dict[str, Planned]]:
    """Refuse what no data could save before hours are spent: files, keys, formulas."""
    progressed("check", 0, 1)
    counts = study.check()
    planned = plan(study, only)
    for entry in planned.values():
        if entry.runs:
            entry.analysis.check(study, entry.options)
    progressed("check", 1, 1)
    return {f"{name} in": count for name, count in counts.items()}, planned


def _run(known: StudyResult, planned: dict[str, Planned], progressed: Progress) -> StudyResult:
    """Run the analyses in order; one that these data can't answer is noted, and those that need it fall away."""
    for name, entry in planned.items():
        if not entry.on:
            continue
        missing = entry.missing or _fallen_away(entry, known, planned)
        if missing:
            known.skipped[name] = missing
            continue
        progressed(name, 0, 1)
        try:
            outcome = entry.analysis.run(known, entry.options)
        except NotPossibleError as reason:
            known.skipped[name] = str(reason)
        else:
            known.outcomes[name] = outcome
            known.counts |= outcome.counts
        progressed(name, 1, 1)
    return known


def _fallen_away(entry: Planned, known: StudyResult, planned: dict[str, Planned]) -> str:
    """Say which table an earlier analysis could not make after all."""
    for need in entry.analysis.needs:
        choices = (need,) if isinstance(need, str) else need
        if not any(known.has(table) for table in choices):
            makers = [name for name, one in planned.items() if set(one.analysis.makes) & set(choices)]
            reasons = [known.skipped[name] for name in makers if name in known.skipped]
            return reasons[0] if reasons else f"the analysis {' or '.join(makers)} made no {choices[0]} here"
    return ""


def _silent(step: str, done: int, total: int) -> None:
    pass
