"""Which Rayon this is."""

from __future__ import annotations

from engine import __version__


def version_line() -> str:
    """What `rayon --version` prints: the version of the code that runs, also where it was updated in place since it was
    installed."""
    return f"rayon {__version__}"
