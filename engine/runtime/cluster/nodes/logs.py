"""What the processes of a node that are no command log, and how: a line each, on standard error."""

from __future__ import annotations

import logging

_OTHERS = ("alembic",)  # says of each look at the schema's version, every two seconds, how it looked


def start_log(who: str = "") -> None:
    """Logs of this process from now on, each line by its time and `who`; of libraries that chatter warnings only."""
    said = f"{who}: " if who else ""
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {said}%(message)s", force=True)
    for name in _OTHERS:
        logging.getLogger(name).setLevel(logging.WARNING)
