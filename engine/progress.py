"""How far a long command is, on standard error: a bar on a terminal, a line a minute where that is redirected."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

LINE_EVERY_S = 60.0
NEARLY_DONE = 0.995  # reads as 100 %


class Progress:
    """Counts what is done of `total`. `draw` shows it: called with what is done and a note, as often as anything is."""

    def __init__(self, draw: Callable[[float, str], None]) -> None:
        self.done = 0.0
        self._draw = draw

    def advance(self, by: float = 1.0, note: str = "") -> None:
        """So much more is done."""
        self.reach(self.done + by, note)

    def reach(self, done: float, note: str = "") -> None:
        """So much is done in all."""
        self.done = done
        self._draw(done, note)


class MinuteLines:
    """Writes a line to `stream` when a minute has passed since the start or since the last line, by `clock`. Threads
    may share it."""

    def __init__(self, what: str, total: float, stream: IO[str], clock: Callable[[], float]) -> None:
        self._what, self._total, self._stream, self._clock = what, total, stream, clock
        self._start_s = self._last_s = clock()
        self._at, self._lock = (0.0, ""), threading.Lock()

    def draw(self, done: float, note: str) -> None:
        """A line, if it is time for one."""
        with self._lock:
            self._at = (done, note)
            self._write()

    @contextmanager
    def keep_up(self) -> Iterator[None]:
        """Writes meanwhile, too, while nothing gets done: a step may take longer than a minute."""
        over = threading.Event()

        def write() -> None:
            while not over.wait(LINE_EVERY_S):
                with self._lock:
                    self._write()

        writer = threading.Thread(target=write, name="progress", daemon=True)
        writer.start()
        try:
            yield
        finally:
            over.set()
            writer.join()

    def _write(self) -> None:
        (done, note), now_s = self._at, self._clock()
        if now_s - self._last_s < LINE_EVERY_S:
            return
        self._last_s = now_s
        share = min(max(done / self._total, 0.0), 1.0) if self._total > 0 else 1.0
        left = f", about {_say_time((now_s - self._start_s) * (1 / share - 1))} left" if 0 < share < NEARLY_DONE else ""
        print(f"{self._what}: {share:.0%} done{left}" + (f", {note}" if note else ""), file=self._stream, flush=True)


@contextmanager
def show_progress(
    what: str, total: float, *, stream: IO[str] | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Progress]:
    """Shows how much of `total` is done, on `stream` (standard error without): what is done is told by calling
    `advance` or `reach`. Nothing is left of a bar afterwards."""
    to = sys.stderr if stream is None else stream
    if not to.isatty():
        lines = MinuteLines(what, total, to, clock)
        with lines.keep_up():
            yield Progress(lines.draw)
        return
    # a bar is for people only: who redirects does not wait for rich to be imported
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeRemainingColumn())
    with Bar(*columns, console=Console(file=to), transient=True) as bar:
        task = bar.add_task(what, total=total, note="")
        yield Progress(lambda done, note: bar.update(task, completed=done, note=note))


def _say_time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else "a minute"
