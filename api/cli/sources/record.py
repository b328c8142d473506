"""`rayon sources record`: a table of readings that can be located, scored and replayed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import typer

from api.cli.decode.advice import in_words
from api.cli.decode.counting import say_count
from api.cli.engine import CONFIG_OPTION
from engine.errors import OperatorError, Problem
from engine.ingest.decoders.native import Frame
from engine.ingest.sources.naming import StoresTold
from engine.plan.model import Plan
from engine.records import device_hex

HEADER = ("t", "device", "ap", "rssi_dbm", "range_m", "range_sigma_m")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("record")(record)


def record(
    source: str = typer.Argument(..., metavar="SOURCE", help="A declared source that comes over the broker."),
    output: Path = typer.Option(..., "-o", "--output", help="The table of readings to write, CSV."),
    store: str | None = typer.Option(None, help="Which of its stores; needed where it has several."),
    seconds: float | None = typer.Option(None, min=0.1, help="Stop after so long. Else Ctrl-C stops it."),
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Records what a source says as the readings table of `rayon locate`, `calibrate` and `replay`.

    Phones get names at the door that are made up for this recording; no MAC reaches the file.

    Example: [bold]rayon sources record meraki -o monday.csv --seconds 600[/bold]
    """
    from api.cli.sources.listening import listen
    from api.cli.sources.site import read_site, source_of

    site = read_site(config)
    found = source_of(site, source)
    wanted = store or found.stores[0]
    if wanted not in found.stores or (store is None and len(found.stores) > 1):
        raise OperatorError([Problem("--store", str(store), "say which", f"one of {', '.join(found.stores)}")])
    rows, refused = 0, Counter[str]()
    with output.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(HEADER)
        try:
            for _, said in listen(site, found, seconds):
                if isinstance(said, str):
                    refused[said] += 1
                    continue
                for frame in said.frames:
                    refused.update({str(reason): n for reason, n in frame.refused.items()})
                for row in _rows(said, site.plans[wanted]):
                    table.writerow(row)
                    rows += 1
        except KeyboardInterrupt:
            pass
    typer.echo(f"{say_count(rows, 'reading')} in {output}", err=True)
    for reason, n in refused.most_common():
        typer.echo(f"{n} refused: {in_words(found.kind, reason)}", err=True)


def _rows(named: StoresTold, plan: Plan) -> Iterator[tuple[str, ...]]:
    for frame in named.frames:
        if frame.store == plan.store:
            yield from _frame_rows(frame, plan)


def _frame_rows(frame: Frame, plan: Plan) -> Iterator[tuple[str, ...]]:
    r = frame.readings
    columns = (r.t, r.device, r.ap, r.rssi_dbm, r.range_m, r.range_sigma_m)
    for t, device, ap, *measured in zip(*(c.tolist() for c in columns), strict=True):
        numbers = [f"{value:g}" if value == value else "" for value in measured]
        yield (f"{t:.3f}", device_hex(device), plan.access_points[ap].id, *numbers)
