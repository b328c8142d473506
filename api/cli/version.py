"""Which Rayon this is."""

from __future__ import annotations

from importlib.metadata import version


def version_line() -> str:
    """What `rayon --version` prints."""
    return f"rayon {version('rayon')}"
