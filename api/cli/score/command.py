"""`rayon score`: what was found against the truth."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from api.cli.inputs import refuse_overwriting, refuse_written_twice
from api.cli.score.ledger import Ledger, is_live_only, ledger_files, ledger_lines, ledger_of_run, ledger_page
from api.cli.score.read import Files, Pair, files_of_run, read_files
from api.cli.score.triggers import trigger_lines
from api.cli.score.uplift import uplift_lines
from engine.errors import OperatorError, Problem
from engine.files.write import whole_file
from engine.referee.run import score_tables

HONEST = (
    "within_1_sigma and within_2_sigma: an honest sigma_m has 0.63 to 0.68 of the errors within it and 0.95 to 0.98\n"
    "within twice that (errors alike in all directions, or along one); with fewer, fixes are less sure than they say;\n"
    "with more, surer"
)
"""Of a normal error of radial standard deviation sigma: 1 - 1/e and 1 - 1/e^4 in two dimensions, as usual in one."""


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """The command's options, by their own names; None where one is not given."""

    truth: Path | None
    fixes: Path | None
    run: Path | None
    plan: Path | None
    visits: Pair | None
    hours: Pair | None
    flows: Pair | None
    decisions: Pair | None
    sessions: Path | None
    as_json: bool
    plot: Path | None
    html: Path | None
    window_s: float

    def files(self) -> Files:
        """What to score: a run's folder, or the files that are named. OperatorError where it is neither or both."""
        named = self.visits, self.hours, self.flows, self.decisions
        if self.run is not None and self.truth is None and not any(named):
            return files_of_run(self.run, self.plan, self.sessions)
        if self.run is None and self.truth is not None and self.fixes is not None:
            return Files(
                (self.truth, self.fixes),
                visits=self.visits,
                hours=self.hours,
                decisions=self.decisions,
                plan=self.plan,
                sessions=self.sessions,
                flows=self.flows,
            )
        fix = "for example: rayon score truth.csv fixes.csv, or rayon score --run run"
        raise OperatorError([Problem("rayon score", "arguments", "give TRUTH and FIXES, or --run alone", fix)])


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
    window_s: float = typer.Option(3.0, min=0.05, help="Windows of truth that should hold a fix, for coverage."),
) -> None:
    """Scores what was found against the truth.

    Places, zones, visits and their dwell, ways, triggers, coupons, the uplift of campaigns with a control group, and
    loyalty points. Triggers are scored by campaign; decisions of campaigns that the truth does not know are named and
    left unscored.

    Fixes: the truth is interpolated to the time of each. Prints median, mean and tail errors in metres, level hit rate,
    coverage (share of truth windows with a fix), and how honest `sigma_m` is (share of errors within 1 and 2 sigma;
    0.63 to 0.68 and 0.95 to 0.98 are right). With --plan, `zones.hit_rate` is the share of fixes that fell in the zone
    (the smallest, where they nest) that the device really was in, the floor between zones being one of them, too.

    Example: [bold]rayon score truth.csv fixes.csv --plot cdf.png[/bold]

    A whole run, in a folder that `rayon simulate -o run` and `rayon decide … --tables run -o run/decisions.csv` wrote:
    [bold]rayon score --run run --html report.html[/bold]

    The folder of a live run (`rayon simulate … --mqtt … --api … -o live`) holds points: is every shopper told what the
    rules give?
    """
    _score(
        ScoreOptions(
            truth=truth,
            fixes=fixes,
            run=run,
            plan=plan,
            visits=visits,
            hours=hours,
            flows=flows,
            decisions=decisions,
            sessions=sessions,
            as_json=as_json,
            plot=plot,
            html=html,
            window_s=window_s,
        )
    )


def _score(options: ScoreOptions) -> None:
    refuse_written_twice("--html", options.html, "--plot", options.plot)
    for option, output in (("--plot", options.plot), ("--html", options.html)):
        refuse_overwriting(option, output, *ledger_files(options.run))
    ledger = ledger_of_run(options.run) if options.run is not None else None
    if options.run is not None and ledger is not None and is_live_only(options.run):
        if options.plot is not None:
            problem = Problem(str(options.run), "--plot", "a live run holds no fixes to plot", "leave it out")
            raise OperatorError([problem])
        _say_ledger(ledger, options)
        return
    files = options.files()
    for option, output in (("--plot", options.plot), ("--html", options.html)):
        refuse_overwriting(option, output, *files.paths())
    tables = read_files(files)
    scores = score_tables(tables, options.window_s)
    if options.plot is not None:
        # matplotlib is imported where somebody asks for it
        from api.cli.score.plot import draw_errors

        draw_errors(options.plot, scores.errors)
    if options.html is not None:
        from api.cli.score.page import score_page

        _write_page(options.html, score_page(tables, scores, ledger))
    figures = scores.figures() | ({"ledger": ledger.report.figures()} if ledger else {})
    print(json.dumps(figures) if options.as_json else _lines(figures))


def _say_ledger(ledger: Ledger, options: ScoreOptions) -> None:
    """All that a live run without places has to score."""
    if options.html is not None:
        _write_page(options.html, ledger_page(ledger))
    figures = {"ledger": ledger.report.figures()}
    print(json.dumps(figures) if options.as_json else _lines(figures).lstrip())


def _write_page(path: Path, page: str) -> None:
    with whole_file(path, "--html", "a writable .html") as draft:
        draft.write_text(page, encoding="utf-8")
    print(f"report in {path}", file=sys.stderr)


def _lines(figures: dict[str, Any]) -> str:
    """A line a figure, groups under their names; what is told apart by zone is for --json and --html. Triggers and
    experiments have a line a campaign, which a mean over all of them hides, and shoppers whose points are wrong one
    each."""
    plain = {name: value for name, value in figures.items() if not isinstance(value, dict)}
    groups = {name: value for name, value in figures.items() if isinstance(value, dict)}
    width = max(len(key) for some in (plain, *groups.values()) for key in some)
    lines = [f"{name:{width}s}  {_text(value)}" for name, value in plain.items()]
    for name, group in groups.items():
        flat = {key: value for key, value in group.items() if not isinstance(value, (dict, list))}
        lines += ["", name, *(f"{key:{width}s}  {_text(value)}" for key, value in flat.items())]
        lines += trigger_lines(group, width) if name == "triggers" else []
        lines += uplift_lines(group, width) if name == "uplift" else []
        lines += ledger_lines(group, width) if name == "ledger" else []
    if figures.get("within_1_sigma") is not None:
        lines += ["", HONEST]
    return "\n".join(lines)


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
