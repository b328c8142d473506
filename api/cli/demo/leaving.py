"""A Ctrl-C while the demo is ending already: whoever presses again wants to be gone."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

SAME_S = 1.0  # a Ctrl-C that comes so soon after is the same one: terminals, make and timeout pass it on as well
ENDED_BY_SIGINT = 130


def end_at_next_signal(data: Path) -> None:
    """From now on SIGINT and SIGTERM end this process at once, without its temporary folder; for the first second they
    do nothing. Nothing is raised, in whatever way parts are being stopped; broker and shoppers end with us (`keeper`).
    """
    asked = time.monotonic()

    def end(*_: object) -> None:
        if time.monotonic() - asked < SAME_S:
            return
        shutil.rmtree(data, ignore_errors=True)
        os._exit(ENDED_BY_SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
