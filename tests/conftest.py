"""Fixtures that several rooms share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import Mosquitto


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running Mosquitto on a free port, open to all; skipped where it is not installed, unless this is CI."""
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker
