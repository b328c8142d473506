"""Writes the tables of the reference pages into their Markdown: `python -m docs.from_code.rewrite`, `make reference`.

The tables stand in the repository, so that whoever reads a page there sees them; `tests/docs` compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

from docs.from_code.tables import filled

DOCS = Path(__file__).parents[1]
COMMAND = "make reference (or .venv/bin/python -m docs.from_code.rewrite)"


def stale() -> dict[Path, str]:
    """The pages whose tables are not what the code gives now, with the text that they should have."""
    texts = {page: page.read_text(encoding="utf-8") for page in sorted(DOCS.rglob("*.md"))}
    wanted = {page: filled(text) for page, text in texts.items()}
    return {page: text for page, text in wanted.items() if text != texts[page]}


def main() -> None:
    """Rewrites the pages that need it, and names them."""
    for page, text in stale().items():
        page.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{page.relative_to(DOCS.parent)}\n")


if __name__ == "__main__":
    main()
