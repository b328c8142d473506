"""What every page has at hand."""

from __future__ import annotations

import pytest

from api.pages import begins_with


@pytest.mark.parametrize(
    ("title", "badge", "said"),
    [
        ("\u221220\u00a0% sur le thé", "\u221220\u202f%", True),
        ("-10 % sur la cave", "\u221210\u00a0%", True),
        ("2 + 1 at \u221250%", "2 + 1", True),
        ("Le thé vert à \u221220 %", "\u221220 %", False),
        ("Thé", "", False),
    ],
)
def test_a_title_that_begins_with_its_badge(title: str, badge: str, said: bool) -> None:
    assert begins_with(title, badge) is said
