"""The truth tables of a live run: each shopper's points, and what happened when."""

from __future__ import annotations

from pathlib import Path

from engine.config import OffersConfig
from engine.errors import OperatorError, Problem
from engine.files.points import write_events, write_points
from simulators.live.ground_truth import Witness
from simulators.truth.points import point_rows


def write_live_tables(folder: Path, witness: Witness, rules: OffersConfig) -> dict[str, int]:
    """Writes `points.csv` and `events.csv` into `folder`; returns rows by table. Raises OperatorError."""
    rows, events = point_rows(witness, rules), witness.table()
    writable_folder(folder)
    write_points(folder / "points.csv", rows)
    write_events(folder / "events.csv", events)
    return {"points": len(rows), "events": len(events.t)}


def writable_folder(folder: Path) -> None:
    """Makes it where it is missing. Raises OperatorError: better before a run than after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OperatorError([Problem(str(folder), "(folder)", reason, "give a place to write")]) from error
