"""Who is where, for people who watch a live run on a terminal: a bar, and a line per zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import shapely
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from engine.progress import show_progress
from simulators.live.run import LiveProgress as Reached
from simulators.world import World

NAMES = 4
"""So many people of a zone are named."""


@dataclass(frozen=True, slots=True)
class ZoneNow:
    """People in one zone: all, those who are heard, and what they are doing, by name."""

    zone: str
    people: int
    heard: int
    doing: tuple[str, ...]


def who_is_where(world: World, t_s: float) -> list[ZoneNow]:
    """Everybody present at a scenario time, by zone in the plan's order; who is in several is in the smallest.

    The last lines are `elsewhere` in the store, and `outside` for passers-by; zones without anybody are left out.
    """
    present = np.flatnonzero((world.crowd.start_s <= t_s) & (t_s < world.crowd.end_s)).astype(np.int32)
    at = world.crowd.at(present, np.full(len(present), t_s))
    zones = world.plan.zones
    where = np.full(len(present), len(zones))
    for k in sorted(range(len(zones)), key=lambda k: -zones[k].polygon.area):
        here = at.level == world.plan.level_index[zones[k].level]
        where[here & shapely.intersects_xy(zones[k].polygon, at.x_m, at.y_m)] = k
    where[[world.shoppers[i].kind == "passer-by" for i in present.tolist()]] = len(zones) + 1
    names = [*(z.name or z.id for z in zones), "elsewhere", "outside"]
    out = []
    for k, name in enumerate(names):
        members = present[where == k].tolist()
        if members:
            heard = int(world.phones.connected[members].sum())
            out.append(ZoneNow(name, len(members), heard, tuple(_doing(world, i, t_s) for i in members[:NAMES])))
    return out


def _doing(world: World, i: int, t_s: float) -> str:
    name = world.shoppers[i].name
    for stop in world.journeys[i].stops:
        if stop.since_s <= t_s < stop.until_s:
            return f"{name} at {stop.ref}"
    return name


def zone_table(world: World, t_s: float) -> Table:
    """`who_is_where` as a table."""
    table = Table(
        "where", "people", "heard", "who", title=f"{world.plan.name}, {t_s / 60:.1f} min", title_justify="left"
    )
    for row in who_is_where(world, t_s):
        more = f" and {row.people - NAMES} more" if row.people > NAMES else ""
        table.add_row(row.zone, str(row.people), str(row.heard), ", ".join(row.doing) + more)
    return table


@contextmanager
def watch(world: World, console: Console) -> Iterator[LiveView]:
    """A view for the time of a run: zones and a bar where the console is a terminal, else a line a minute."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeRemainingColumn())
    bar = Progress(*columns, console=console)
    if not console.is_terminal:
        with show_progress(world.scenario.name, world.run_s, stream=console.file) as lines:
            yield LiveView(world, bar, lines.reach)
        return
    view = LiveView(world, bar)
    with Live(get_renderable=view.draw, console=console, transient=True, refresh_per_second=4):
        yield view


class LiveView:
    """A progress bar above a table of zones. `told` hears how far the run is, and its note."""

    def __init__(self, world: World, bar: Progress, told: Callable[[float, str], None] = lambda reached, note: None):
        self._world, self._bar, self._told = world, bar, told
        self._reached_s = 0.0
        self._task = bar.add_task(world.scenario.name, total=world.run_s, note="")

    def show(self, at: Reached) -> None:
        """Where the run stands now."""
        tally = at.tally
        note = f"{at.inside} inside, {tally.readings} readings, {tally.vouchers_received} coupons"
        self._reached_s = at.reached_s
        self._bar.update(self._task, completed=at.reached_s, note=note)
        self._told(at.reached_s, note)

    def draw(self) -> Group:
        """What the terminal shows."""
        return Group(self._bar.get_renderable(), zone_table(self._world, self._reached_s))
