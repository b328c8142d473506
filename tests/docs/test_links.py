"""Links between pages lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import ROOT, anchors, links, pages


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    assert [target for target in links(page) if not leads_somewhere(page, target)] == []


def leads_somewhere(page: Path, target: str) -> bool:
    """Whether a file or folder is there, and in a page, its heading."""
    path, _, anchor = target.partition("#")
    place = (page.parent / path).resolve() if path else page
    if not place.exists() or not place.is_relative_to(ROOT):
        return False
    return not anchor or (place.suffix == ".md" and anchor in anchors(place))


def test_a_link_that_leads_nowhere_is_found() -> None:
    page = ROOT / "README.md"
    assert not leads_somewhere(page, "docs/nowhere.md")
    assert not leads_somewhere(page, "docs/accuracy.md#nothing")
    assert not leads_somewhere(page, "../elsewhere")
    assert leads_somewhere(page, "docs/accuracy.md#speed")
