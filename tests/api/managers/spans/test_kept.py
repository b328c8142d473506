"""What is kept for some seconds: the same again, anew afterwards, and no more than so much."""

from __future__ import annotations

from api.managers.spans.kept import KEPT_S, MOST, Kept


def test_it_is_made_once_and_anew_after_a_while() -> None:
    now, made = [0.0], []

    def make() -> int:
        made.append(now[0])
        return len(made)

    kept: Kept[int] = Kept(lambda: now[0])
    assert [kept.get("a", make), kept.get("a", make), kept.get("b", make)] == [1, 1, 2]
    now[0] = KEPT_S
    assert kept.get("a", make) == 3


def test_the_oldest_is_let_go() -> None:
    kept: Kept[int] = Kept(lambda: 0.0)
    for i in range(MOST + 1):
        kept.get(i, lambda i=i: i)  # type: ignore[misc]
    assert kept.get(MOST, lambda: -1) == MOST
    assert kept.get(0, lambda: -1) == -1
