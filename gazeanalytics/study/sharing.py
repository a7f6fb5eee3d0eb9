"""Results in one archive that may be given away: whole, unchanged, and without what says who a person is."""

from __future__ import annotations

import zipfile
from pathlib import Path

from gazeanalytics.study.scanning import scan
from gazeanalytics.study.study import Study
from gazeanalytics.study.verifying import verify
from gazeanalytics.study.written import read_provenance
from gazeanalytics.tables import InputError

__all__ = ["share"]

_SHOWN = 5


def share(out: str | Path, bundle: str | Path, study: Study | None = None) -> Path:
    """Pack results into a zip file, unless the scan finds personal data in them.

    Parameters
    ----------
    out : str or pathlib.Path
        Folder of results.
    bundle : str or pathlib.Path
        The zip file to write. Its bytes depend on the results alone.
    study : Study, optional
        The study behind them, whose names and numbers are searched for too.

    Raises
    ------
    InputError
        If the results were changed after their run, bear names because study.toml asks for them, or hold what looks
        like personal data; the sentence names what and where.

    Examples
    --------
    >>> import tempfile
    >>> from gazeanalytics.study import analyse
    >>> from gazeanalytics.study.examples import example_study
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = analyse(example_study(), folder / "out", only=["readers"])
    >>> share(folder / "out", folder / "results.zip").name
    'results.zip'
    """
    out, bundle = Path(out), Path(bundle)
    if bundle.exists():
        raise InputError(f"{bundle}: is there already; name another file")
    if out.resolve() in bundle.resolve().parents:
        raise InputError(f"{bundle}: lies in the results themselves; name a place outside of {out}")
    if faults := verify(out):
        raise InputError(f"{out}: {faults[0]}; run analyse again before sharing")
    about, _ = read_provenance(out)
    if about["study"].get("report", {}).get("identifiers"):
        raise InputError(f"{out}: bears names, since study.toml says [report] identifiers = true; run without it")
    if found := scan(out, study):
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise InputError(f"{out}: may say who a person is: {'; '.join(found[:_SHOWN])}{more}; nothing was packed")
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in out.rglob("*") if path.is_file()):
            # A fixed time: when the results were packed is nobody's business, and equal results give equal bytes.
            entry = zipfile.ZipInfo(path.relative_to(out).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return bundle
