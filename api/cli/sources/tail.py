"""`rayon sources tail`: what a source says now."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import typer

from api.cli.decode.counting import say_count
from api.cli.decode.shops import event_line
from api.cli.engine import CONFIG_OPTION
from engine.commerce.form import as_form
from engine.config import Config
from engine.ingest.decoders.native import Frame
from engine.ingest.sources.naming import StoresTold
from engine.plan.model import Plan
from engine.records import device_hex
from engine.storage.commerce.events import newest_events
from engine.storage.database import open_database

LOOK_S = 1.0


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("tail")(tail)


def tail(
    source: str = typer.Argument(..., metavar="SOURCE", help="A declared source."),
    seconds: float | None = typer.Option(None, min=0.1, help="Stop after so long. Else Ctrl-C stops it."),
    config: Path | None = CONFIG_OPTION,
) -> None:
    """Shows what a source says, decoded: a line for each reading, position and session, and why others say nothing.

    Phones have names that are made up for this call. The engine gets everything all the same. Of a shop system it shows
    the events that the receiver keeps.

    Example: [bold]rayon sources tail meraki --seconds 60[/bold]
    """
    from api.cli.sources.listening import listen
    from api.cli.sources.site import read_site, source_of

    site = read_site(config)
    if source in site.shops:
        _tail_shop(site.config, source, seconds)
        return
    found = source_of(site, source)
    messages = 0
    try:
        for raw, said in listen(site, found, seconds):
            messages += 1
            for line in [f"refused: {said}"] if isinstance(said, str) else _lines(said, site.plans, raw.received_at):
                print(f"{time.strftime('%H:%M:%S', time.localtime(raw.received_at))} {line}", flush=True)
    except KeyboardInterrupt:
        pass
    typer.echo(say_count(messages, "message"), err=True)


def _tail_shop(config: Config, source: str, seconds: float | None) -> None:
    """What the receiver keeps of a shop system, looked at once a second: it comes over no broker."""
    db = open_database(os.environ.get("RAYON_DATABASE_URL", config.storage.url))
    after, events = time.time(), 0
    until = time.monotonic() + seconds if seconds is not None else float("inf")
    try:
        while time.monotonic() < until:
            for at, event in newest_events(db, source, after):
                print(f"{time.strftime('%H:%M:%S', time.localtime(at))} {event_line(as_form(event))}", flush=True)
                after, events = max(after, at), events + 1
            time.sleep(min(LOOK_S, max(until - time.monotonic(), 0.0)))
    except KeyboardInterrupt:
        pass
    finally:
        db.close()
    typer.echo(say_count(events, "event"), err=True)


def _lines(named: StoresTold, plans: dict[str, Plan], now: float) -> Iterator[str]:
    for frame in named.frames:
        yield from _frame_lines(frame, plans[frame.store], now)
        for reason, n in frame.refused.items():
            yield f"{frame.store}: {n} refused: {reason}"
    for session in named.sessions:
        who = "all" if session.device is None else device_hex(session.device)[:6]
        yield f"{session.store}: {who} {session.event}"
    for store, heard in named.unknown_aps.items():
        yield f"{store}: no access point {', '.join(heard.points)}"


def _frame_lines(frame: Frame, plan: Plan, now: float) -> Iterator[str]:
    r, p = frame.readings, frame.positions
    for t, device, ap, rssi, range_m in zip(
        *(c.tolist() for c in (r.t, r.device, r.ap, r.rssi_dbm, r.range_m)), strict=True
    ):
        point = plan.access_points[ap]
        measured = f"{rssi:.0f} dBm" if rssi == rssi else f"{range_m:.1f} m"
        yield f"{frame.store}: {point.name or point.id} heard {device_hex(device)[:6]}, {measured}, {now - t:.1f} s ago"
    for t, device, x, y, sigma in zip(*(c.tolist() for c in (p.t, p.device, p.x_m, p.y_m, p.sigma_m)), strict=True):
        yield f"{frame.store}: {device_hex(device)[:6]} at {x:.1f}, {y:.1f} ± {sigma:.1f} m, {now - t:.1f} s ago"
