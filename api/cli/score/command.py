"""`rayon score`: what was found against the truth."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typer

from api.cli.inputs import finite
from api.cli.score.ledger import Ledger, is_live_only, ledger_lines, ledger_of_run, ledger_page
from api.cli.score.read import Files, Pair, files_of_run, read_files
from api.cli.score.uplift import uplift_lines
from engine.errors import OperatorError, Problem
from engine.referee.run import score_tables


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("score")(score)


def score(
    truth: Path | None = typer.Argument(None, help="Where devices really were: t, device, level, x_m, y_m."),
    fixes: Path | None = typer.Argument(None, help="Fixes written by `rayon locate` or `rayon decide`."),
    run: Path | None = typer.Option(
        None, help="Instead: a folder with the tables of `rayon simulate` and of `rayon decide --tables`."
    ),
    plan: Path | None = typer.Option(None, help="The store's folder: adds zones, and the floor to the report."),
    visits: tuple[Path, Path] | None = typer.Option(
        None, help="Visits to zones: true and found.", metavar="TRUE FOUND"
    ),
    hours: tuple[Path, Path] | None = typer.Option(None, help="Zones by hour: true and found.", metavar="TRUE FOUND"),
    flows: tuple[Path, Path] | None = typer.Option(
        None, help="Transitions between zones: true and found.", metavar="TRUE FOUND"
    ),
    decisions: tuple[Path, Path] | None = typer.Option(
        None, help="Coupons that should fire, and the decisions of `rayon decide`.", metavar="TRUE FOUND"
    ),
    sessions: Path | None = typer.Option(
        None, help="The sessions that `rayon decide` was given: then only those who agreed to offers should get some."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object on standard output."),
    plot: Path | None = typer.Option(None, help="Draw the errors' distribution (.png, .svg, .pdf; extra `plots`)."),
    html: Path | None = typer.Option(None, help="Write one page to read: floor plan, distribution, worst tracks."),
    window_s: float = typer.Option(
        3.0, min=0.05, callback=finite, help="Windows of truth that should hold a fix, for coverage."
    ),
) -> None:
    """Scores what was found against the truth.

    Places, zones, visits and their dwell, ways, triggers, coupons, the uplift of campaigns with a control group, and
    loyalty points.

    Fixes: the truth is interpolated to the time of each. Prints median, mean and tail errors in metres, level hit rate,
    coverage (share of truth windows with a fix), and how honest `sigma_m` is (share of errors within 1 and 2 sigma).

    Example: [bold]rayon score truth.csv fixes.csv --plot cdf.png[/bold]

    A whole run, in a folder that `rayon simulate -o run` and `rayon decide … --tables run -o run/decisions.csv` wrote:
    [bold]rayon score --run run --html report.html[/bold]

    The folder of a live run (`rayon simulate … --mqtt … --api … -o live`) holds points: is every shopper told what the
    rules give?
    """
    pairs = {"visits": visits, "hours": hours, "flows": flows, "decisions": decisions}
    ledger = ledger_of_run(run) if run is not None else None
    if run is not None and ledger is not None and is_live_only(run):
        if plot is not None:
            raise OperatorError([Problem(str(run), "--plot", "a live run holds no fixes to plot", "leave it out")])
        _say_ledger(ledger, html, as_json)
        return
    tables = read_files(_files(truth, fixes, run, plan, sessions, pairs))
    scores = score_tables(tables, window_s)
    if plot is not None:
        from api.cli.score.plot import draw_errors

        draw_errors(plot, scores.errors)
    if html is not None:
        from api.cli.score.page import score_page

        _write_page(html, score_page(tables, scores, ledger))
    figures = scores.figures() | ({"ledger": ledger.report.figures()} if ledger else {})
    print(json.dumps(figures) if as_json else _lines(figures))


def _say_ledger(ledger: Ledger, html: Path | None, as_json: bool) -> None:
    """All that a live run without places has to score."""
    if html is not None:
        _write_page(html, ledger_page(ledger))
    figures = {"ledger": ledger.report.figures()}
    print(json.dumps(figures) if as_json else _lines(figures).lstrip())


def _files(
    truth: Path | None,
    fixes: Path | None,
    run: Path | None,
    plan: Path | None,
    sessions: Path | None,
    pairs: dict[str, Pair | None],
) -> Files:
    if run is not None and truth is None and not any(pairs.values()):
        return files_of_run(run, plan, sessions)
    if run is None and truth is not None and fixes is not None:
        return Files((truth, fixes), plan=plan, sessions=sessions, potential=None, experiments=None, **pairs)
    fix = "for example: rayon score truth.csv fixes.csv, or rayon score --run run"
    raise OperatorError([Problem("rayon score", "arguments", "give TRUTH and FIXES, or --run alone", fix)])


def _write_page(path: Path, page: str) -> None:
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OperatorError([Problem(str(path), "--html", error.strerror or str(error), "a writable .html")]) from error
    print(f"report in {path}", file=sys.stderr)


def _lines(figures: dict[str, Any]) -> str:
    """A line a figure, groups under their names; what is told apart by zone or campaign is for --json and --html, but
    for experiments, which are nothing without their campaign, and shoppers whose points are wrong."""
    plain = {name: value for name, value in figures.items() if not isinstance(value, dict)}
    groups = {name: value for name, value in figures.items() if isinstance(value, dict)}
    width = max(len(key) for some in (plain, *groups.values()) for key in some)
    lines = [f"{name:{width}s}  {_text(value)}" for name, value in plain.items()]
    for name, group in groups.items():
        flat = {key: value for key, value in group.items() if not isinstance(value, (dict, list))}
        lines += ["", name, *(f"{key:{width}s}  {_text(value)}" for key, value in flat.items())]
        lines += uplift_lines(group, width) if name == "uplift" else []
        lines += ledger_lines(group, width) if name == "ledger" else []
    return "\n".join(lines)


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
