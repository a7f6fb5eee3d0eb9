"""The same verbs on files: analyses, analyse, verify, replay, share, check, read, simulate."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import Annotated

import typer

from gazeanalytics import __version__
from gazeanalytics.tables import InputError

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="From where radiologists look to how they reason: events, strategies, traces, models, tables, figures.",
)

StudyFolder = Annotated[Path, typer.Argument(help="Folder that holds study.toml.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results.", show_default=False)]
Results = Annotated[Path, typer.Argument(help="Folder with the results of analyse.", show_default=False)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Strict = Annotated[bool, typer.Option("--strict", help="A row that can't be used is an error, not set aside.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]


Only = Annotated[
    list[str] | None, typer.Option("--only", help="Run this analysis and those it needs; may be given several times.")
]


Key = Annotated[
    Path | None, typer.Option("--key", help="Also write what each pseudonym stands for to this file; keep it safe.")
]


@app.command()
def analyse(
    study: StudyFolder,
    out: Out,
    only: Only = None,
    key: Key = None,
    overwrite: Overwrite = False,
    strict: Strict = False,
    quiet: Quiet = False,
) -> None:
    """Analyse a study: tables, figures, an HTML page and its provenance."""
    from gazeanalytics.study import analyse as run
    from gazeanalytics.study import completed, open_study

    opened = open_study(study, strict=strict)
    # A key file and refused rows are no part of the results: such a run is made anew.
    if key is None and not strict and completed(out, opened, only):
        typer.echo(f"the last run was stopped when its results were complete; they are in place: {out / 'report.html'}")
        return
    found = run(
        opened,
        out,
        only=only,
        key_file=key,
        overwrite=overwrite,
        progress=None if quiet else _show,
    )
    typer.echo(f"{len(found.study.table('readings'))} readings, {len(found.outcomes)} analyses: {out / 'report.html'}")


@app.command()
def analyses(study: StudyFolder) -> None:
    """List the analyses: which of them run on this study, and what is missing for the others."""
    from gazeanalytics.study import open_study, plan

    planned = plan(open_study(study))
    width = max(map(len, planned))
    for name, entry in planned.items():
        state = "runs" if entry.runs else "off" if not entry.on else "not possible"
        typer.echo(f"{name:<{width}}  {state:<12}  {entry.analysis.question}")
        if entry.missing:
            typer.echo(f"{'':<{width}}  {'':<12}  because {entry.missing}")


@app.command()
def verify(out: Results) -> None:
    """Compare every file of the results with the hash that its run wrote down."""
    from gazeanalytics.study import verify as compare

    _report_faults(compare(out), f"{out}: every file is as it was written")


@app.command()
def replay(out: Results, study: StudyFolder, quiet: Quiet = False) -> None:
    """Run the analysis of OUT again from its study, and say which numbers differ."""
    from gazeanalytics.study import open_study
    from gazeanalytics.study import replay as run_again

    faults = run_again(out, open_study(study), progress=None if quiet else _show)
    _report_faults(faults, f"{out}: every file has the same bytes again")


@app.command()
def share(
    out: Results,
    bundle: Annotated[Path, typer.Argument(help="Zip file to write.", show_default=False)],
    study: Annotated[Path | None, typer.Option("--study", help="The study, to search for its names too.")] = None,
) -> None:
    """Pack results into a zip file, unless a scan finds what may say who a person is."""
    from gazeanalytics.study import open_study
    from gazeanalytics.study import share as pack

    typer.echo(f"{pack(out, bundle, None if study is None else open_study(study))}: packed; nothing personal found")


def _report_faults(faults: list[str], fine: str) -> None:
    for fault in faults:
        typer.echo(fault)
    if faults:
        raise typer.Exit(1)
    typer.echo(fine)


@app.command()
def check(study: StudyFolder, strict: Strict = False) -> None:
    """Read a study's tables and check that they fit the contract and one another, and what study.toml asks for."""
    from gazeanalytics.study import open_study, plan

    opened = open_study(study, strict=strict)
    plan(opened)  # refuses analyses and options that there aren't
    for name, rows in opened.check().items():
        typer.echo(f"{name}: {rows} rows")


@app.command()
def read(file: Annotated[Path, typer.Argument(help="A file of an eye tracker.", show_default=False)]) -> None:
    """Say what a file is, what it holds, what of it can't be used, and how study.toml reads it."""
    from gazeanalytics.io import summarise_file

    for line in summarise_file(file).lines:
        typer.echo(line)


@app.command()
def simulate(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder to write the study to.", show_default=False)],
    readers: Annotated[int, typer.Option(help="How many people read.")] = 20,
    cases: Annotated[int, typer.Option(help="How many images there are.")] = 50,
    readings_per_case: Annotated[int, typer.Option(help="Readers of each case; 0 for all of them.")] = 0,
    rate_hz: Annotated[float, typer.Option(help="Samples a second.")] = 250.0,
    like: Annotated[str, typer.Option(help="A data set whose shape to take: chexthought.")] = "",
    share: Annotated[float, typer.Option(help="Of that data set's cases, 0.001 to 1.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the random numbers.")] = 1,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Write a study whose truth is known: raw gaze, traces, readers, cases, and the planted effects beside."""
    from gazeanalytics.simulate import Design, simulate_study

    _refuse_ignored(context, like)
    own = {"readers": readers, "cases": cases, "readings_per_case": readings_per_case or None, "rate_hz": rate_hz}
    design = Design.like_chexthought(share) if like else Design(**own)
    simulate_study(folder, design, rng=seed, overwrite=overwrite, progress=None if quiet else _show)
    typer.echo(f"{design.person_readings} readings by people: {folder / 'study.toml'}")


def _refuse_ignored(context: typer.Context, like: str) -> None:
    """Refuse a shape that isn't there, and options that a shape, or its lack, would pass over."""
    if like not in ("", "chexthought"):
        raise InputError(f"--like {like}: there is no such shape; expected chexthought")
    for name in ("readers", "cases", "readings_per_case", "rate_hz") if like else ("share",):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option, other = f"--{name.replace('_', '-')}", f"--like {like}" if like else "a study without --like"
            raise InputError(f"{option} has no part in {other}; leave it out")


@app.callback(invoke_without_command=True)
def _version(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        typer.echo(f"gazeanalytics {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line; a user's error is one sentence on standard error and exit status 2."""
    warnings.showwarning = _show_warning
    # Our own exception: typer would turn Ctrl-C into a bare "Aborted!", and a SIGTERM would end without a word.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        _refuse_empty(sys.argv[1:])
        app()
    except _StoppedError as stopped:
        _say_stopped(stopped)
    except SystemError as error:
        # A signal that arrives inside compiled code comes out as the cause of a SystemError.
        cause = error.__cause__ or error.__context__
        if not isinstance(cause, _StoppedError):
            raise
        _say_stopped(cause)
    except Exception as error:
        if not isinstance(error, InputError) and "GAZEANALYTICS_DEBUG" in os.environ:
            raise
        typer.echo(f"gazeanalytics: {_sentence(error)}", err=True)
        sys.exit(2)
    finally:
        _let_signals_end()


def _refuse_empty(words: list[str]) -> None:
    """An empty name, of a variable that isn't set, would mean the folder where one happens to be."""
    for place, word in enumerate(words, 1):
        if not word or (word.startswith("--") and word.endswith("=")):
            before = f" after {words[place - 2]!r}" if not word and place > 1 else f" of {word[:-1]!r}" if word else ""
            raise InputError(f"the folder's name{before} is empty; name the folder")


def _sentence(error: Exception) -> str:
    if isinstance(error, ValueError) and not isinstance(error, UnicodeError):
        return _one_line(error)
    if isinstance(error, OSError | MemoryError | RecursionError):
        return _of_the_system(error)
    return _unforeseen(error)


def _unforeseen(error: Exception) -> str:
    """A fault of ours in one sentence: where it happened, and how to see the whole of it. Nothing was written."""
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        module = Path(frame.filename)
        if "gazeanalytics" in module.parts[:-1] and module.name != "cli.py":
            place = f" in {module.stem}.{frame.name}"
    what = f"{type(error).__name__}{place}: {_one_line(error)}"
    return f"{what}; this is a fault of gazeanalytics, please report it with what GAZEANALYTICS_DEBUG=1 shows"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


_FREE = "free some space and run again; earlier results are as they were, finished parts are kept"
_REMEDIES = {
    errno.ENOSPC: f"the disk is full; {_FREE}",
    errno.EDQUOT: f"the quota is used up; {_FREE}",
    errno.EFBIG: "no file may become that large here (ulimit -f, or the kind of disk); raise the limit and run again; "
    "earlier results are as they were, finished parts are kept",
    errno.EROFS: "the disk is read-only; name another folder with --out",
    errno.EACCES: "permission denied; ask for access, or name another folder",
    errno.EPERM: "permission denied; ask for access, or name another folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n)",
}


def _of_the_system(error: BaseException) -> str:
    """What the operating system refused, in one sentence with a remedy."""
    if isinstance(error, MemoryError):
        return "out of memory; split large files by reading, or run on a machine with more memory"
    if isinstance(error, RecursionError):
        return "an input is nested too deeply to be read"
    number = getattr(error, "errno", None)
    # Arrow raises a bare OSError with the number in its words.
    number = number or next((one for one in _REMEDIES if f"errno {one}]" in str(error)), None)
    place = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    return place + _REMEDIES.get(number or 0, f"{_one_line(error)}; correct the path, or name another folder")


class _StoppedError(BaseException):
    """A signal asked the process to end; not an Exception, so that nothing on the way takes it for a fault."""


def _stopped_sentence() -> str:
    """What became of the work: of the verbs `analyse` alone keeps parts."""
    kept = "finished parts are kept and used by the next run" if sys.argv[1:2] == ["analyse"] else "run it again"
    return f"gazeanalytics: stopped; {kept}"


def _stop(number: int, *_: object) -> None:
    """Tidy up and end; asked again, or for the second time because a library swallowed the first, end at once."""
    for other in (signal.SIGINT, signal.SIGTERM):
        signal.signal(other, _end_at_once)
    raise _StoppedError(number)


def _end_at_once(number: int, *_: object) -> None:
    os.write(2, f"{_stopped_sentence()}\n".encode())
    os._exit(128 + number)


def _say_stopped(stopped: BaseException) -> None:
    _let_signals_end()
    typer.echo(_stopped_sentence(), err=True)
    sys.exit(128 + int(stopped.args[0]))


def _let_signals_end() -> None:
    """What there was to do is done or said: a signal now just ends the process, without words of the interpreter."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _show(step: str, done: int, total: int) -> None:
    """One line a step on standard error; on a terminal it is overwritten until the step is done."""
    if sys.stderr.isatty():
        end = "\n" if done >= total else "\r"
        typer.echo(f"{step}: {done}/{total}  {end}", err=True, nl=False)
    elif done >= total:
        typer.echo(f"{step}: {done}/{total}", err=True)


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    typer.echo(f"gazeanalytics: {category.__name__}: {message}", err=True)


if __name__ == "__main__":
    main()
