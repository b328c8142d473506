"""A friend of a clerk took the choice back, chose again, and had the visit's points a second time.

In: 50 points by hand where 50 are allowed in a visit; the choice taken back and made again; the first request again
once the limit is reached. Right: no more points in this visit; the same request has the same answer; and somebody with
two profiles is told of the points of both.
"""

from __future__ import annotations

import pytest

from engine.loyalty.ledger import PROGRAMME, earn
from engine.storage.clerks.cards import PointsOverLimit, add_points, card_of
from engine.storage.clerks.recognitions import LONGEST_S, choose_recognition, end_choice, visitors
from engine.storage.database import Database
from engine.storage.loyalty.ledger import post
from engine.storage.models.identity import ProfileMergeTable
from engine.vocabulary import EntryKind
from tests.engine.storage.clerks.test_cards import CLERK, VERSION, seen, visitor
from tests.engine.storage.scenes import NOW, STORE, shopper

MOST = 50


def again(db: Database, who: str, at: float) -> str:
    end_choice(db, STORE, who, VERSION, at)
    seen(db, who, at)
    choose_recognition(db, STORE, who, VERSION, at)
    [here] = visitors(db, STORE, at)
    return here.visitor


def test_choosing_again_is_no_second_visit(db: Database) -> None:
    who, name = visitor(db)
    for later in (0, 2):  # the answer was lost, and the tablet asks again
        assert add_points(db, STORE, name, MOST, CLERK, NOW + later, key="k", most=MOST) == MOST
    name = again(db, who, NOW + 5)
    with pytest.raises(PointsOverLimit):
        add_points(db, STORE, name, 1, CLERK, NOW + 6, key="more", most=MOST)
    name = again(db, who, NOW + LONGEST_S + 5)
    assert add_points(db, STORE, name, 1, CLERK, NOW + LONGEST_S + 6, key="new", most=MOST) == MOST + 1


def test_two_profiles_have_one_balance(db: Database) -> None:
    who, name = visitor(db)
    other = shopper(db, 8)
    post(db, earn("e", PROGRAMME, EntryKind.PURCHASE, other.member_id, 7, NOW))
    with db.write() as session:
        joined = {"kept": who, "merged": other.shopper_id, "proof": "email", "at": NOW, "moved": "{}"}
        session.add(ProfileMergeTable(merge_id="m", **joined))
    assert card_of(db, STORE, name, NOW).points == 7
    assert add_points(db, STORE, name, 5, CLERK, NOW, key="k", most=MOST) == 12
