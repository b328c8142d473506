"""The clerk's card: of who is here and chose it, for as long as they are here, and of nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.commerce.records import Customer, OrderLine, Purchase
from engine.errors import BusinessRefusal, NotFound
from engine.loyalty.ledger import PROGRAMME
from engine.privacy.consent import ConsentChoice
from engine.storage.accounts.audit import Actor, entries
from engine.storage.clerks.cards import PointsOverLimit, add_points, card_of, honour_coupon, write_note
from engine.storage.clerks.recognitions import (
    AWAY_S,
    GRACE_S,
    LONGEST_S,
    choose_recognition,
    end_choice,
    end_recognitions,
    is_chosen,
    visitors,
)
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.last_places import LastPlace, note_places
from engine.storage.loyalty.ledger import balance
from engine.storage.models.identity import IdentifierTable
from engine.storage.people.shoppers import consent_log, get_shopper, set_consents
from engine.storage.presence.own_spots import erase_spot
from engine.storage.vouchers.campaigns import put_campaign
from engine.vocabulary import SalesChannel
from tests.databases import statements
from tests.engine.storage.presence.test_own_spots import linger, people
from tests.engine.storage.scenes import NOW, SECRET, STORE, basket, campaign, issue, shopper

CLERK = Actor("Ada", "a1")
VERSION = "2026-11-29"
DIGEST = "c" * 64


def seen(db: Database, who: str, at: float) -> None:
    note_places(db, [LastPlace(STORE, who, "ground", 1.0, 1.0, 2.0, at)])


def visitor(db: Database, device: int = 7) -> tuple[str, str]:
    """(shopper, their name on the staff's page) of somebody here who chose to be known."""
    who = shopper(db, device).shopper_id
    seen(db, who, NOW)
    choose_recognition(db, STORE, who, VERSION, NOW)
    return who, next(v.visitor for v in visitors(db, STORE, NOW) if v.shopper_id == who)


def refused(work: Callable[[], object]) -> str:
    with pytest.raises((NotFound, BusinessRefusal)) as said:
        work()
    return str(said.value.code)


def test_who_did_not_choose_is_as_unknown_as_nobody(db: Database) -> None:
    _, chosen = visitor(db)
    shy = shopper(db, 8).shopper_id
    seen(db, shy, NOW)
    set_consents(db, shy, [ConsentChoice("clerk", "any", True)], VERSION, "portal", NOW)
    assert [v.visitor for v in visitors(db, STORE, NOW)] == [chosen]
    said = {refused(lambda name=name: card_of(db, STORE, name, NOW)) for name in (shy, "nobody", "")}
    assert said == {"visitor_unknown"}
    assert refused(lambda: card_of(db, "another", chosen, NOW)) == "visitor_unknown"


def test_the_choice_is_a_consent_that_ends_with_the_visit(db: Database) -> None:
    who, name = visitor(db)
    assert ("clerk", "any") in get_shopper(db, who).grants
    later = NOW + AWAY_S + 1
    assert refused(lambda: card_of(db, STORE, name, later)) == "visitor_unknown", "before any job has run"
    assert end_recognitions(db, later) == 1
    assert (visitors(db, STORE, later), is_chosen(db, STORE, who, later)) == ([], False)
    last = consent_log(db, who)[-1]
    assert (last.purpose, last.granted, last.place) == ("clerk", False, f"visit-end:{STORE}")
    seen(db, who, later + 60)
    assert visitors(db, STORE, later + 60) == [], "who comes back chooses anew"


def test_a_visit_lasts_while_its_phone_is_located(db: Database) -> None:
    who, name = visitor(db)
    for minute in range(1, 20):
        seen(db, who, NOW + 60 * minute)
        assert end_recognitions(db, NOW + 60 * minute) == 0
    assert card_of(db, STORE, name, NOW + 60 * 19).visitor.shopper_id == who
    seen(db, who, NOW + LONGEST_S + 1)
    assert end_recognitions(db, NOW + LONGEST_S + 1) == 1


def test_who_is_never_located_is_forgotten_after_a_while(db: Database) -> None:
    who = shopper(db).shopper_id
    choose_recognition(db, STORE, who, VERSION, NOW)
    assert (visitors(db, STORE, NOW), end_recognitions(db, NOW + GRACE_S - 1)) == ([], 0)
    assert end_recognitions(db, NOW + GRACE_S + 1) == 1


def test_taken_back_it_is_over_at_once(db: Database) -> None:
    who, name = visitor(db)
    assert [end_choice(db, STORE, who, VERSION, NOW + 1) for _ in range(2)] == [True, False]
    assert refused(lambda: card_of(db, STORE, name, NOW + 1)) == "visitor_unknown"
    who, name = visitor(db, 9)
    set_consents(db, who, [ConsentChoice("clerk", "any", False)], VERSION, "me", NOW + 2)
    assert refused(lambda: card_of(db, STORE, name, NOW + 2)) == "visitor_unknown"


def test_the_card_has_all_channels_in_a_handful_of_statements(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who, name = visitor(db)
    issue(db, who)
    with db.write() as session:
        session.add(IdentifierTable(kind="card", digest=DIGEST, shopper_id=who, sealed="", verified_at=NOW))
    line = (OrderLine("1", "COAT-38", 1_000, 18_900),)
    bought = [
        Purchase("till", "T1", 1, NOW - 9, SalesChannel.STORE, "EUR", 18_900, line, Customer(card=DIGEST), STORE),
        Purchase("web", "W1", 1, NOW - 5, SalesChannel.WEB, "EUR", 900, line, Customer(card=DIGEST)),
        Purchase("web", "W2", 2, NOW - 4, SalesChannel.WEB, "EUR", 900, line, Customer(card=DIGEST), voided=True),
        Purchase("web", "W3", 1, NOW - 3, SalesChannel.WEB, "EUR", 900, line, Customer(card="d" * 64)),
    ]
    keep_events(db, bought, NOW)
    add_points(db, STORE, name, 30, CLERK, NOW, key="k", most=50)
    write_note(db, STORE, name, "Wears 38", CLERK, NOW)
    with statements() as sent:
        card = card_of(db, STORE, name, NOW, ["coats"])
    assert len([one for one in sent if one.lstrip().upper().startswith("SELECT")]) <= 10
    assert [(one.id, one.channel) for one in card.purchases] == [("W1", "web"), ("T1", "store")]
    assert (card.points, len(card.coupons), [n.text for n in card.notes]) == (30, 1, ["Wears 38"])


def test_points_by_hand_are_bounded_by_the_visit_and_added_once(db: Database) -> None:
    who, name = visitor(db)
    said = [add_points(db, STORE, name, 20, CLERK, NOW + n, key="same", most=50) for n in (0, 0)]
    assert said == [20, 20]
    assert add_points(db, STORE, name, 30, CLERK, NOW, key="more", most=50) == 50
    with pytest.raises(PointsOverLimit):
        add_points(db, STORE, name, 1, CLERK, NOW, key="too much", most=50)
    assert balance(db, PROGRAMME, get_shopper(db, who).member_id).available == 50
    assert [line.action for line in entries(db, [STORE])] == ["points_added", "points_added"]


def test_a_coupon_is_honoured_by_hand_once_and_only_the_visitor_s(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    who, name = visitor(db)
    theirs, other = issue(db, who), issue(db, shopper(db, 8).shopper_id, name="d2")

    def honour(voucher_id: str, key: str) -> object:
        return honour_coupon(
            db, STORE, name, voucher_id, basket(), CLERK, NOW + 1, key=key, secret=SECRET, timezone="Europe/Paris"
        )

    assert refused(lambda: honour(other, "a")) == "voucher_unknown"
    assert honour(theirs, "b") == honour(theirs, "b")
    assert refused(lambda: honour(theirs, "c")) == "voucher_unknown", "used: it is none that they could use"
    assert len(entries(db, [STORE])) >= 1


def test_erased_nothing_is_left_of_choice_and_notes(db: Database) -> None:
    who, name = visitor(db)
    write_note(db, STORE, name, "Wears 38", CLERK, NOW)
    erase_shopper(db, who, NOW + 1)
    assert (visitors(db, STORE, NOW + 1), end_recognitions(db, NOW + 1e6)) == ([], 0)


def test_what_the_visitor_lingers_at_is_on_the_card_until_they_erase_it(db: Database) -> None:
    who, name = visitor(db)
    visitor(db, 8)
    people(db, "coats")
    linger(db, who, "coats", "a", "b")
    shown = {v.shopper_id: card_of(db, STORE, v.visitor, NOW, ["coats"]).spots for v in visitors(db, STORE, NOW)}
    assert {one: [spot.zone for spot in spots] for one, spots in shown.items() if spots} == {who: ["coats"]}
    erase_spot(db, who, STORE, "coats", NOW)
    assert card_of(db, STORE, name, NOW, ["coats"]).spots == ()
