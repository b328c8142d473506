"""The version is that of the code, and the newest that the changelog tells of."""

from __future__ import annotations

import re
from pathlib import Path

from api.cli.version import version_line

ROOT = Path(__file__).parents[3]


def test_the_version_is_that_of_the_newest_release() -> None:
    released = re.search(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert released is not None
    assert version_line() == f"rayon {released[1]}"
