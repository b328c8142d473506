"""A year written down: days drawn one after another, their rows appended to tables as they come."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from engine.errors import OperatorError, Problem
from engine.files.flows import write_flows
from engine.files.outcomes import write_hours
from simulators.year.flows import FlowSums
from simulators.year.rows import DAY_COUNTS, TABLES, Rows
from simulators.year.stays import HourSums
from simulators.year.tables import GrowingTable, long_table
from simulators.year.year import Year


def record_year(year: Year, folder: Path, on_day: Callable[[], None] = lambda: None) -> dict[str, int]:
    """Writes a year's tables into `folder`, made where it is missing; returns rows by table.

    `on_day` is called after each day, for a progress bar. The same scenario and seed give the same bytes.

    * `days.csv`: the truth of each day, closed ones too;
    * `hours.csv` (of connected phones, as an engine would count) and `hours_everybody.csv`: zones by hour;
      `flows.csv` and `flows_everybody.csv`: likewise, transitions between zones by hour;
    * `shoppers.csv`: one row per person and visit to the store; `visits` (Parquet where installed): stays in zones;
    * `purchases.csv`, `coupons.csv`; `reactions.csv`: both fates of everybody to whom a coupon was due.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fix = "give a place to write"
        raise OperatorError([Problem(str(folder), "(folder)", error.strerror or str(error), fix)]) from error
    rows = Rows(year)
    heard, everybody = HourSums(year.plan), HourSums(year.plan)
    heard_flows, all_flows = FlowSums(year.plan), FlowSums(year.plan)
    with ExitStack() as stack:
        paths = {name: long_table(folder, name) if name == "visits" else folder / f"{name}.csv" for name in TABLES}
        tables = {name: stack.enter_context(GrowingTable(paths[name], TABLES[name])) for name in TABLES}
        header = {"date": None, "opened": 0, **dict.fromkeys(DAY_COUNTS, 0)}
        days = stack.enter_context(GrowingTable(folder / "days.csv", header))
        for k, day in enumerate(year.days):
            out = year.day(k)
            counts = dict.fromkeys(DAY_COUNTS, 0) if out is None else rows.counts(out)
            if out is not None:
                for name, columns in rows.tables(out).items():
                    tables[name].add(*columns)
                everyone = np.ones(len(out.crowd.names), np.bool_)
                heard.add(out.stays, out.crowd.connected)
                everybody.add(out.stays, everyone)
                heard_flows.add(out.stays, out.crowd.connected)
                all_flows.add(out.stays, everyone)
            days.add([day.day.isoformat()], [day.opened], *([counts[name]] for name in DAY_COUNTS))
            on_day()
    done = {name: table.rows for name, table in tables.items()} | {"days": days.rows}
    for name, sums in (("hours", heard), ("hours_everybody", everybody)):
        table = sums.table()
        write_hours(folder / f"{name}.csv", table)
        done[name] = len(table)
    for name, flows in (("flows", heard_flows), ("flows_everybody", all_flows)):
        moved = list(flows.rows())
        write_flows(folder / f"{name}.csv", moved)
        done[name] = len(moved)
    return done
