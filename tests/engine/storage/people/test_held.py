"""Access and erasure are complete: every table is walked by its foreign keys and by columns that hold a shopper."""

from __future__ import annotations

import pytest

from engine.errors import NotFound
from engine.records import device_hex
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.journal import VisitRow, save_checkpoint
from engine.storage.models import metadata
from engine.storage.models.vouchers import DecisionTable
from engine.storage.people.held import LEADS, OF_NOBODY, SECRET, find_held, ways_to
from engine.storage.people.shoppers import consent_log
from tests.databases import statements
from tests.engine.storage.people.planted import led_to, plant, ways_left
from tests.engine.storage.people.test_shoppers import everything, mentions
from tests.engine.storage.scenes import NOW, STORE, shopper
from tests.engine.storage.test_erasure import PHONE, lived

AMOUNTS = {"ledger_entry", "ledger_posting", "ledger_hold", "loyalty_purchase", "loyalty_return"}
"""What the books keep: under the member's number, which the profile alone led to."""
PROOF = {"consent_log"}
"""Under the shopper's opaque id, which leads nowhere once the profile is gone."""
NUMBERS_ONLY = {"redemption", "voucher", "decision", "cap_count"}
"""Kept with another owner, or a random name."""

KEPT = {
    ("consent_log", "shopper_id"): "proof of what was agreed, under an id that leads nowhere",
    **{(table, "member"): "the books, under a mere number" for table in ("ledger_hold", "ledger_posting")},
    ("ledger_entry", "id"): "the books",
    **{(table, "member"): "the books, as above" for table in ("loyalty_purchase", "loyalty_move")},
    **{(table, "purchase_id"): "the books, as above" for table in ("loyalty_return", "loyalty_correction")},
    ("voucher", "voucher_id"): "what a coupon cost, of another owner",
    ("redemption", "voucher_id"): "what a till gave for it",
    ("merge_log", "kept"): "append-only, under ids that lead nowhere",
    ("merge_log", "merged"): "append-only, under ids that lead nowhere",
    ("share_review", "visit_id"): "append-only, of an opening that is gone",
    ("crm_event", "crm_ref"): "that the person is erased, for customer files",
    ("crm_told", "crm_ref"): "which customer files have to hear that; goes when they have taken it",
    ("opt_out", "device"): "the wish of a phone's owner not to be counted holds on",
    ("device_claim", "device"): "that somebody else says that the phone is theirs; ends by itself",
    ("identifier", "via"): "what another profile has proved is theirs; one's own goes with its owner",
    ("loyalty_card", "digest"): "which cards the shop gave out, not to whom",
}
"""By which columns a row that led to an erased person may still be found, and why."""


def names_of(db: Database, who: str, member: str) -> set[str]:
    """All by which the person can be found: their own, and those of what is theirs."""
    rows = everything(db)
    theirs = {str(r["voucher_id"]) for name, r in rows if name == "voucher" and r["shopper_id"] == who}
    shares = {str(r["token"]) for name, r in rows if name == "share" and r["shopper_id"] == who}
    return {who, member, "Ana Lopez", "ana@example.org", device_hex(PHONE)} | theirs | shares


def test_of_every_table_somebody_said_whether_it_leads_to_a_person() -> None:
    """A new table fails here until it is known by a column, a foreign key, or as one of nobody's."""
    led = {table.name for table in metadata.sorted_tables if ways_to(table)}
    assert led.isdisjoint(OF_NOBODY)
    unknown = {table.name for table in metadata.sorted_tables} - led - OF_NOBODY
    assert unknown == set(), "say in held.py by which column it leads to a shopper, or that it does not"


def test_who_points_at_a_shopper_s_row_is_led_to_as_well() -> None:
    """By foreign keys: whatever hangs on a table that leads to a person leads to that person."""
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            if ways_to(key.column.table):
                assert ways_to(table), f"{table.name} hangs on {key.column.table.name}"


def test_no_table_of_nobody_s_has_a_shopper_s_column() -> None:
    for table in metadata.sorted_tables:
        if table.name in OF_NOBODY:
            assert {c.name for c in table.columns}.isdisjoint({*LEADS} - {"owner", "slot"}), table.name


def test_access_shows_every_row_that_names_the_person(db: Database) -> None:
    who, member, _ = lived(db)
    shown = find_held(db, who)
    names = names_of(db, who, member)
    for table, row in everything(db):
        if table in OF_NOBODY:
            continue
        if any(name in str(value) for name in names for value in row.values()):
            public = {column: value for column, value in row.items() if column not in SECRET}
            assert public in shown[table], table
    assert {"shopper", "consent_log", "voucher", "visit", "redemption", "ledger_entry", "idempotency"} <= set(shown)


def test_and_nobody_else_s(db: Database) -> None:
    who, _, _ = lived(db)
    other = shopper(db, 7)
    assert other.shopper_id not in str(find_held(db, who))
    assert who not in str(find_held(db, other.shopper_id))


def test_erasure_leaves_no_name_but_for_books_and_proof(db: Database) -> None:
    who, member, _ = lived(db)
    names = names_of(db, who, member)
    erase_shopper(db, who, NOW + 5)
    left = {table for name in names for table in mentions(db, name)}
    assert left <= AMOUNTS | PROOF | NUMBERS_ONLY, left
    assert mentions(db, "Ana", "ana@example.org", device_hex(PHONE)) == []
    assert set(mentions(db, who)) == PROOF
    assert set(mentions(db, member)) <= AMOUNTS
    assert consent_log(db, who)[-1].place == "erasure"
    with pytest.raises(NotFound):
        find_held(db, who)


def test_erasure_leaves_nothing_in_a_table_of_which_nobody_said_why(db: Database) -> None:
    """Each table that leads to a person has a row of theirs before, whether the scene `lived` made one or not."""
    who, member, _ = lived(db)
    names = plant(db, who, member)
    empty = {table.name for table in led_to()} - set(find_held(db, who))
    assert empty == set(), "planted.py makes no row of theirs: give it their names, or the scene `lived` a row"
    erase_shopper(db, who, NOW + 5)
    left = ways_left(db, names)
    assert left - set(KEPT) == set(), (
        "tables, and the column by which they still lead to who is erased: delete or cut their rows in "
        "engine/storage/erasure.py, or say in KEPT of this file why they stay"
    )
    assert set(KEPT) - left == set(), "erased after all: take these out of KEPT"


def test_neither_asks_more_often_of_who_was_here_a_hundred_times(db: Database) -> None:
    """Both take as many statements for a life of rows as for one visit, and none that is longer: no row is asked for on
    its own, and none names a row for each decision, of which a database takes a bounded number only."""

    def asked(visits: int) -> tuple[int, int, int]:
        who = shopper(db).shopper_id
        rows = [VisitRow(who, "fruit", f"v{n}", NOW + n, NOW + n + 60, 60.0) for n in range(visits)]
        save_checkpoint(db, STORE, 0, b"state", [], [], rows, NOW)
        with db.write() as session:
            session.add_all(_refused(who, n) for n in range(visits))
        with statements() as shown:
            assert len(find_held(db, who)["visit"]) == visits
        with statements() as erased:
            erase_shopper(db, who, NOW + 5)
        return len(shown), len(erased), max(map(len, [*shown, *erased]))

    assert asked(1) == asked(100)


def _refused(who: str, n: int) -> DecisionTable:
    return DecisionTable(
        decision_id=f"{who}-{n}",
        trigger_id=f"{who}-{n}",
        store=STORE,
        campaign_id="apples",
        shopper_id=who,
        visit_id=f"v{n}",
        outcome="refuse",
        reason="cap_visit",
        at=NOW,
        since=NOW,
        probability=0.9,
        caused_by_t=NOW,
        inputs="{}",
    )
