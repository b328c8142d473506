"""Points of a live run against the truth, as `rayon score --run` says it: figures, lines, and a part of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.cli.score.read import TRUTH_AND_FIXES
from api.cli.score.templates import render
from engine.files.points import EventTable, read_events, read_points
from engine.referee.points import LedgerReport, score_ledger

POINTS, EVENTS = "points.csv", "events.csv"
LISTED = 15
EVENTS_LISTED = 60


@dataclass(frozen=True, slots=True)
class Ledger:
    """The report on a run's points, and what happened in it (None: nobody wrote it down)."""

    report: LedgerReport
    events: EventTable | None


def ledger_files(run: Path | None) -> tuple[Path, ...]:
    """The files that a run's ledger is read from."""
    return () if run is None else (run / POINTS, run / EVENTS)


def ledger_of_run(folder: Path) -> Ledger | None:
    """What the folder of a live run says of points; None where it holds none. Raises OperatorError."""
    if not (folder / POINTS).is_file():
        return None
    events = read_events(folder / EVENTS) if (folder / EVENTS).is_file() else None
    return Ledger(score_ledger(read_points(folder / POINTS)), events)


def is_live_only(folder: Path) -> bool:
    """Whether there are no places to score beside the points."""
    return not any((folder / name).is_file() for name in TRUTH_AND_FIXES)


def ledger_lines(figures: Mapping[str, Any], width: int) -> list[str]:
    """What openings came to, and a line for each shopper who differs."""
    openings = ", ".join(f"{n} {what}" for what, n in figures["openings"].items()) or "none"
    lines = [f"{'openings':{width}s}  {openings}"]
    for d in figures["differ"]:
        told = f"told {d['said_pending']} pending, {d['said_available']} available"
        lines.append(f"  {d['device']}: {told}; should be {d['expected_pending']}, {d['expected_available']}")
    return lines


def ledger_page(ledger: Ledger) -> str:
    """A page of its own, for a run without places. The same input, the same bytes."""
    return render("ledger_page.html", store="", ledger=ledger_part(ledger))


def ledger_part(ledger: Ledger) -> dict[str, Any]:
    """What the page's section on points shows."""
    report = ledger.report
    first = report.differ[:LISTED]
    shown = [(d, _events_of(ledger.events, d.device)) for d in first]
    return {"report": report, "shown": shown, "more": len(report.differ) - len(first)}


def _events_of(events: EventTable | None, device: str) -> list[tuple[str, str, str]]:
    """One shopper's events: time (UTC), what, detail."""
    if events is None:
        return []
    rows = (events.device == device).nonzero()[0][:EVENTS_LISTED].tolist()
    clock = (datetime.fromtimestamp(float(events.t[i]), UTC).strftime("%H:%M:%S") for i in rows)
    return [(t, str(events.what[i]), str(events.detail[i])) for t, i in zip(clock, rows, strict=True)]
