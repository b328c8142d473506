"""The referee of points: openings by people who are known, and what the rules give for them."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

import simulators.truth.points
from engine.config import OffersConfig
from engine.files.points import OpeningOutcome, read_events, read_points
from simulators.live.ground_truth import Witness
from simulators.live.tables import write_live_tables
from simulators.truth.points import DAY_S, SETTLE_S, Due, due_points
from simulators.truth.witnessed import Answer, Asked, LinkOpening, Opener, Redeemed

RULES = OffersConfig(
    points_per_share_visit=50, share_hold_s=3600, shares_rewarded_per_day=3, shares_rewarded_per_campaign=5
)
NOW = 1_772_528_400.0
Said = tuple[Opener, str] | tuple[Opener, str, str] | tuple[Opener, str, str, Answer]


def due(*said: Said, every_s: float = 1.0, asked_t: float = NOW + 60, rules: OffersConfig = RULES) -> Due:
    full = [(*s, *("l", "shown")[len(s) - 2 :]) for s in said]
    openings = [
        LinkOpening(NOW + i * every_s, "ana", link, opener, person, "tea", answer)
        for i, (opener, person, link, answer) in enumerate(full)
    ]
    return due_points(openings[::-1], rules, asked_t)


def outcomes(*said: Said, rules: OffersConfig = RULES, every_s: float = 1.0) -> dict[str, int]:
    return dict(due(*said, rules=rules, every_s=every_s).outcomes)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], {}),
        ([("friend", "f1"), ("friend", "f2")], {"rewarded": 2}),
        ([("friend", "f1"), ("neighbour", "n1")], {"rewarded": 2}),
        ([("preview", "bot"), ("preview", "bot"), ("friend", "f1")], {"preview": 2, "rewarded": 1}),
        ([("self", "ana"), ("self", "ana")], {"self": 2}),
        ([("friend", "f1"), ("friend", "f1")], {"rewarded": 1, "duplicate": 1}),
        ([("friend", "f1", "a"), ("friend", "f1", "b")], {"rewarded": 2}),  # two links: two deals
        ([("farm", "farm")] * 9, {"rewarded": 1, "duplicate": 8}),
        ([("farm", "farm", "a"), ("farm", "farm", "b")], {"rewarded": 2}),
        ([("friend", f"f{i}", f"l{i % 2}") for i in range(5)], {"rewarded": 3, "capped": 2}),
        ([*(("friend", f"f{i}") for i in range(4)), ("friend", "f3")], {"rewarded": 3, "capped": 1, "duplicate": 1}),
        ([("friend", "f1", "l", "refused"), ("friend", "f1")], {"refused": 1, "rewarded": 1}),
    ],
)
def test_what_openings_come_to(said: list[Said], expected: dict[str, int]) -> None:
    found = due(*said)
    assert dict(found.outcomes) == expected
    assert set(expected) <= set(OpeningOutcome)
    assert (found.pending, found.available) == (50 * expected.get("rewarded", 0), 0)


def test_the_cap_of_the_day_rolls() -> None:
    assert outcomes(*(("friend", f"f{i}") for i in range(4)), every_s=DAY_S / 3) == {"rewarded": 4}
    assert outcomes(*(("friend", f"f{i}") for i in range(4)), every_s=DAY_S / 3 - 1) == {"rewarded": 3, "capped": 1}


def test_the_cap_of_a_campaign_does_not_roll() -> None:
    friends = [("friend", f"f{i}") for i in range(7)]
    assert outcomes(*friends, every_s=DAY_S) == {"rewarded": 5, "capped": 2}  # type: ignore[arg-type]
    links = [("friend", f"f{i}", f"l{i % 2}") for i in range(7)]
    assert outcomes(*links, every_s=DAY_S) == {"rewarded": 7}  # type: ignore[arg-type]


def test_points_are_held_and_then_available() -> None:
    said: list[Said] = [("friend", "f1"), ("friend", "f2")]
    for asked_s, (pending, available, settling) in {
        60: (100, 0, 0),
        3600 - SETTLE_S: (100, 0, 50),  # the first of the two may be available already
        3600: (50, 50, 100),
        3600 + 2 * SETTLE_S: (0, 100, 0),
    }.items():
        found = due(*said, asked_t=NOW + asked_s)
        assert (found.pending, found.available, found.settling) == (pending, available, settling), asked_s


def test_a_friend_who_redeems_frees_the_points_of_that_friend_and_deal() -> None:
    openings = [
        LinkOpening(NOW + i, "ana", link, "neighbour", person, deal, "shown")
        for i, (link, person, deal) in enumerate([("l", "bob", "tea"), ("l", "cy", "tea"), ("m", "bob", "jam")])
    ]

    def told(*redeemed: Redeemed, asked_t: float = NOW + 100) -> tuple[int, int, int]:
        found = due_points(openings, RULES, asked_t, redeemed)
        return found.pending, found.available, found.settling

    assert told() == (150, 0, 0)
    assert told(Redeemed(NOW + 50, "bob", "tea")) == (100, 50, 0)
    assert told(Redeemed(NOW + 50, "bob", "tea"), Redeemed(NOW + 51, "bob", "jam")) == (50, 100, 0)
    assert told(Redeemed(NOW - 50, "bob", "tea")) == (150, 0, 0)  # before the link was opened
    assert told(Redeemed(NOW + 50, "dan", "tea"), Redeemed(NOW + 50, "cy", "jam")) == (150, 0, 0)
    assert told(Redeemed(NOW + 50, "bob", "tea"), asked_t=NOW + 55) == (100, 50, 50)
    assert told(Redeemed(NOW + 8, "bob", "tea")) == (100, 50, 50)  # who was first at the server, link or till?
    assert told(Redeemed(NOW + 50, "bob", "tea", sure=False)) == (150, 0, 50)
    assert told(Redeemed(NOW + 50, "bob", "tea"), asked_t=NOW + 9000) == (0, 150, 0)


def test_where_nothing_is_given_openings_are_counted() -> None:
    rules = RULES.model_copy(update={"points_per_share_visit": 0})
    assert outcomes(("friend", "f1"), ("friend", "f1"), rules=rules) == {"counted": 1, "duplicate": 1}


def test_a_lost_answer_is_expected_by_nobody_and_excuses_what_it_may_have_earned() -> None:
    found = due(("friend", "f1", "l", "lost"), ("preview", "bot", "l", "lost"), ("friend", "f2"))
    assert (found.pending, found.lost, found.outcomes["lost"]) == (50, 50, 2)


def test_the_referee_knows_none_of_the_players() -> None:
    tree = ast.parse(Path(simulators.truth.points.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in imported if name and name.startswith(("engine.loyalty", "engine.storage"))}


def test_tables_hold_everybody_who_signed_in_or_shared(tmp_path: Path) -> None:
    times = iter(float(NOW + i) for i in range(100))
    witness = Witness(wall=lambda: next(times))
    witness.note("ana", "signed in", "agrees to offers")
    witness.opening("ana", "/s/1", "friend", witness.somebody("friend")).answer = "shown"
    witness.opening("cy", "/s/2", "friend", witness.somebody("friend")).answer = "shown"
    witness.asked = {"bob": Asked(NOW + 50, 0, 0), "ana": Asked(NOW + 50, 0, 50)}
    counts = write_live_tables(tmp_path / "run", witness, RULES)
    assert counts == {"points": 3, "events": 1}
    rows = {r.device: r for r in read_points(tmp_path / "run" / "points.csv")}
    assert list(rows) == ["ana", "bob", "cy"]
    ana, cy = rows["ana"], rows["cy"]
    assert (ana.expected_pending, ana.expected_available, ana.said_pending, ana.said_available) == (50, 0, 0, 50)
    assert (cy.expected_pending, cy.said_pending) == (50, None)
    assert Counter(ana.outcomes) == Counter(rewarded=1)
    events = read_events(tmp_path / "run" / "events.csv")
    assert (events.device.tolist(), events.what.tolist()) == (["ana"], ["signed in"])
