"""`rayon score`: fixes against the truth."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from engine.positioning.scoring import ErrorReport, score_fixes
from engine.tables import read_fixes, read_truth


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("score")(score)


def score(
    truth: Path = typer.Argument(..., help="Where devices really were: t, device, level, x_m, y_m."),
    fixes: Path = typer.Argument(..., help="Fixes written by `rayon locate`."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object on standard output."),
    plot: Path | None = typer.Option(None, help="Draw the errors' distribution (.png, .svg, .pdf; extra `plots`)."),
    window_s: float = typer.Option(3.0, min=0.05, help="Windows of truth that should hold a fix, for coverage."),
) -> None:
    """Scores fixes: the truth is interpolated to the time of each fix.

    Prints median, mean and tail errors in metres, level hit rate, coverage (share of truth windows with a fix), and how
    honest `sigma_m` is (share of errors within 1 and 2 sigma).

    Example: [bold]rayon score truth.csv fixes.csv --plot cdf.png[/bold]
    """
    report = score_fixes(read_truth(truth), read_fixes(fixes), window_s)
    if plot is not None:
        from api.cli.score_plot import draw_errors

        draw_errors(plot, report)
    print(json.dumps(report.figures()) if as_json else _lines(report))


def _lines(report: ErrorReport) -> str:
    figures = report.figures()
    width = max(len(name) for name in figures)
    return "\n".join(f"{name:{width}s}  {'-' if value is None else value}" for name, value in figures.items())
