"""The same verbs on files: analyse, check, simulate."""

from __future__ import annotations

import os
import sys
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
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]


@app.command()
def analyse(study: StudyFolder, out: Out, overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Analyse a study: tables, figures, an HTML page and its provenance."""
    from gazeanalytics.study import analyse as run
    from gazeanalytics.study import open_study

    found = run(open_study(study), out, overwrite=overwrite, progress=None if quiet else _show)
    typer.echo(f"{len(found.readings)} readings, {len(found.fits)} models: {out / 'report.html'}")


@app.command()
def check(study: StudyFolder) -> None:
    """Read a study's tables and check that they fit the contract and one another."""
    from gazeanalytics.study import open_study

    for name, rows in open_study(study).check().items():
        typer.echo(f"{name}: {rows} rows")


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="Folder to write the study to.", show_default=False)],
    readers: Annotated[int, typer.Option(help="How many people read.")] = 20,
    cases: Annotated[int, typer.Option(help="How many images there are.")] = 50,
    readings_per_case: Annotated[int, typer.Option(help="Readers of each case; 0 for all of them.")] = 0,
    rate_hz: Annotated[float, typer.Option(help="Samples a second.")] = 250.0,
    seed: Annotated[int, typer.Option(help="Of the random numbers.")] = 1,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Write a study whose truth is known: raw gaze, traces, readers, cases, and the planted effects beside."""
    from gazeanalytics.simulate import Design, simulate_study

    design = Design(readers=readers, cases=cases, readings_per_case=readings_per_case or None, rate_hz=rate_hz)
    simulate_study(folder, design, rng=seed, overwrite=overwrite, progress=None if quiet else _show)
    typer.echo(f"{design.person_readings} readings by people: {folder / 'study.toml'}")


@app.callback(invoke_without_command=True)
def _version(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Tell the version.")] = False
) -> None:
    if version:
        typer.echo(f"gazeanalytics {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line; a user's error is one sentence on standard error and exit status 2."""
    warnings.showwarning = _told
    try:
        app()
    except (InputError, ValueError) as error:
        if not isinstance(error, InputError) and "GAZEANALYTICS_DEBUG" in os.environ:
            raise
        typer.echo(f"gazeanalytics: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("gazeanalytics: stopped; finished parts are kept and used by the next run", err=True)
        sys.exit(130)


def _show(step: str, done: int, total: int) -> None:
    """One line a step on standard error; on a terminal it is overwritten until the step is done."""
    if sys.stderr.isatty():
        end = "\n" if done >= total else "\r"
        typer.echo(f"{step}: {done}/{total}  {end}", err=True, nl=False)
    elif done >= total:
        typer.echo(f"{step}: {done}/{total}", err=True)


def _told(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    typer.echo(f"gazeanalytics: {category.__name__}: {message}", err=True)


if __name__ == "__main__":
    main()
