"""`python -m tests.console.speed [--days N] [--rounds N]`: how soon pages of a year of a busy store are there.

Of every page, in a real Chromium at desktop size: the first contentful paint from the click on (Paint Timing), how long
the browser takes from an event to its next frame (Event Timing) when something is opened, typed into or moved, and the
tasks that keep it from that (Long Tasks). Times are what somebody waits, other work of the machine included; beside
them stand the processor's time of the server and of the page's main thread, which that moves less, and what went over
the wire. Each round asks for another period of as many days, so that nothing was read before. Bars: 1.5 s and 0.2 s.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from selenium.webdriver import ActionChains, Chrome, Keys

from api.managers.console.figures.asked import View
from tests.browser import ask, wait_for
from tests.console.seeded import BUSY, Seeded, seeded
from tests.console.windows import be, browser, sign_in

PAINT_MS, EVENT_MS = 1500.0, 200.0
YEAR_DAYS, ROUNDS = 365, 5
EARLIER = 6  # days of history more than are shown: each round begins a day later

WATCH = """
window.slow = [];
const keep = (list) => window.slow.push(...list.getEntries().map((e) => [e.entryType, e.name, e.duration]));
new PerformanceObserver(keep).observe({ type: "event", buffered: true, durationThreshold: 16 });
new PerformanceObserver(keep).observe({ type: "longtask", buffered: true });
"""
SEEN = """
const [paint] = performance.getEntriesByName("first-contentful-paint");
const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
return [paint.startTime, loaded.reduce((sum, e) => sum + e.transferSize, 0), window.slow];
"""
OPENERS = "main details > summary, .filters > summary"
MOVABLE = "#at"


@dataclass(frozen=True, slots=True)
class Opening:
    """One page opened once. ms, and bytes over the wire; `events_ms` are those of 16 ms and more."""

    paint_ms: float
    events_ms: tuple[float, ...]
    tasks_ms: tuple[float, ...]
    server_ms: float
    thread_ms: float
    sent: int


def open_page(page: Chrome, url: str, ready: str) -> Opening:
    """Opens it, and does what there is to do: opens its parts, walks its fields by keyboard, moves its slider."""
    page.get("about:blank")
    before, spent = _thread_s(page), time.process_time()
    page.get(url)
    wait_for(page, ready)
    server_ms = 1000.0 * (time.process_time() - spent)
    for opener in page.find_elements("css selector", OPENERS)[:3]:
        if opener.is_displayed():
            ActionChains(page).click(opener).perform()
    ActionChains(page).send_keys(Keys.TAB, Keys.TAB, Keys.TAB).perform()
    for slider in page.find_elements("css selector", MOVABLE):
        slider.send_keys(Keys.ARROW_RIGHT)
    ask(page, "return new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    paint, sent, slow = ask(page, SEEN)
    events = tuple(ms for kind, _, ms in slow if kind == "event")
    tasks = tuple(ms for kind, _, ms in slow if kind == "longtask")
    return Opening(paint, events, tasks, server_ms, 1000.0 * (_thread_s(page) - before), sent)


def _thread_s(page: Chrome) -> float:
    """The processor's time of the page's main thread so far."""
    said = page.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return float(next(m["value"] for m in said if m["name"] == "TaskDuration"))


def line(name: str, openings: Sequence[Opening]) -> tuple[str, bool]:
    """A row of the table, and whether it is within the bars."""

    def pair(values: Sequence[float]) -> tuple[float, float]:
        return (float(np.median(values)), float(np.quantile(values, 0.95))) if values else (0.0, 0.0)

    paint = pair([o.paint_ms for o in openings])
    event = pair([max(o.events_ms, default=0.0) for o in openings])
    task = max((ms for o in openings for ms in o.tasks_ms), default=0.0)
    server, thread = pair([o.server_ms for o in openings])[0], pair([o.thread_ms for o in openings])[0]
    sent = max(o.sent for o in openings) / 1024
    said = f"| {name} | {paint[0]:.0f} / {paint[1]:.0f} | {event[0]:.0f} / {event[1]:.0f} | {task:.0f} |"
    return f"{said} {server:.0f} | {thread:.0f} | {sent:.0f} |", paint[1] <= PAINT_MS and event[1] <= EVENT_MS


def measure(made: Seeded, page: Chrome, days: int, rounds: int) -> bool:
    """Prints the table; whether all of it is within the bars."""
    today = dt.datetime.fromtimestamp(time.time(), ZoneInfo(made.plans[BUSY].timezone)).date()
    fine = True
    sys.stdout.write("| page | first paint, ms | interaction, ms | longest task | server | page's thread | KiB |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|\n")
    for view in ("live", *View):
        openings = []
        for k in range(rounds + 1):  # the first warms up
            last = today - dt.timedelta(days=1 + EARLIER - k % EARLIER)
            first = last - dt.timedelta(days=days - 1)
            at = f"/manage/{BUSY}/{view}?from={first}&to={last}" if view != "live" else f"/manage/{BUSY}?"
            ready = "main" if view != "live" else ".r-plan svg"
            openings.append(open_page(page, f"{made.url}{at}&lang=fr", ready))
        said, within = line(str(view), openings[1:])
        fine = fine and within
        sys.stdout.write(said + "\n")
        sys.stdout.flush()
    return fine


def main(arguments: list[str]) -> int:
    """The table. Exits 1 where a page is slower than its bar."""
    parser = argparse.ArgumentParser(prog="python -m tests.console.speed")
    parser.add_argument("--days", type=int, default=YEAR_DAYS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args(arguments)
    with seeded(asked.days + EARLIER) as made, browser() as page:
        page.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        sign_in(page, made)
        be(page, "desktop", "light")
        page.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        sys.stdout.write(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
        fine = measure(made, page, asked.days, asked.rounds)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
