"""What of one's points is worth a message: that some end, that a reward is in reach; once each, by the one decision."""

from __future__ import annotations

from engine.config import LoyaltyConfig
from engine.loyalty.ledger import PROGRAMME, earn
from engine.offers.bought.rewards import rewards_of
from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.loyalty.ledger import post
from engine.storage.messages.outgoing import take_messages
from engine.storage.models.ledger import HoldState, HoldTable
from engine.storage.programme.occasions import ENDING_S, tell_of_friends, tell_of_points
from engine.vocabulary import Channel, EntryKind, MessageKind
from tests.engine.storage.scenes import NOW, TELLING, shopper

APP = ConsentChoice("location_offers", "app", True)
SAID = {"fr": "1 €", "en": "€1", "amount_minor": 80, "currency": "EUR"}
REWARDS = rewards_of(
    LoyaltyConfig.model_validate({"rewards": [SAID | {"id": "one", "points": 50}, SAID | {"id": "two", "points": 500}]})
)


def told(db: Database, now: float = NOW) -> list[tuple[MessageKind, dict[str, object]]]:
    return [(one.kind, one.words) for one in take_messages(db, frozenset({Channel.APP}), now)]


def test_points_that_end_and_a_reward_in_reach_are_told_once(db: Database) -> None:
    member = shopper(db, 3, consents=(APP,)).member_id
    ends_at = NOW + ENDING_S - 60
    post(db, earn("old", PROGRAMME, EntryKind.VISIT, member, 30, NOW - 9e6, expires_at=ends_at))
    post(db, earn("later", PROGRAMME, EntryKind.VISIT, member, 10, NOW - 9e6, expires_at=ends_at + 9e6))
    assert [tell_of_points(db, TELLING, REWARDS, NOW + n) for n in (0, 1)] == [1, 0]
    assert told(db) == [(MessageKind.POINTS_ENDING, {"points": 30, "ends_at": ends_at})]
    post(db, earn("new", PROGRAMME, EntryKind.VISIT, member, 20, NOW - 60))
    assert [tell_of_points(db, TELLING, REWARDS, NOW + n) for n in (2, 3)] == [1, 0]
    [(kind, words)] = told(db, NOW + 9)
    assert (kind, words["points"]) == (MessageKind.REWARD_NEAR, 60)
    assert words["reward"] == {"fr": "1 €", "en": "€1"}


def test_nobody_is_told_of_points_whose_profile_is_gone_or_that_end_today(db: Database) -> None:
    member = shopper(db, 3, consents=(APP,)).member_id
    post(db, earn("today", PROGRAMME, EntryKind.VISIT, member, 30, NOW - 9e6, expires_at=NOW + 3600))
    post(db, earn("gone", PROGRAMME, EntryKind.VISIT, "nobody", 30, NOW - 9e6, expires_at=NOW + 9e5))
    assert tell_of_points(db, TELLING, REWARDS, NOW) == 0
    assert told(db) == []


def test_a_friend_who_used_what_was_shared_is_told_of(db: Database) -> None:
    member = shopper(db, 3, consents=(APP,)).member_id
    with db.write() as session:
        held = {"programme": PROGRAMME, "member": member, "points": 50, "release_at": NOW + 9e4}
        session.add(HoldTable(key="a", state=HoldState.RELEASED, released_by="r1", **held))
        session.add(HoldTable(key="b", state=HoldState.RELEASED, released_by=None, **held))
    assert [tell_of_friends(db, TELLING, NOW + n) for n in (0, 1)] == [1, 0]
    assert told(db) == [(MessageKind.FRIEND_CAME, {"points": 50})]
