"""What MkDocs calls while it builds: tables are made from the code at that moment, so they cannot go stale."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from docs.from_code.tables import filled


def on_page_markdown(markdown: str, **_page: Any) -> str:
    """Replaces the directives of a page by what the code says."""
    return filled(markdown)
