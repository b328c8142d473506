"""What shoppers tell of their places waits for the engine, is told once, and goes with its shopper."""

from __future__ import annotations

from dataclasses import replace

from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.people.told_places import MOST_WAITING, ToldPlace, drop_told_places, tell_place, told_places
from engine.vocabulary import LabelKind
from tests.engine.storage.scenes import NOW, STORE, shopper

HERE = ToldPlace("one", STORE, "ana", NOW, LabelKind.HERE, x_m=1.5, y_m=2.5, level="0")


def test_it_waits_until_it_is_taken(db: Database) -> None:
    later = replace(HERE, label_id="two", at=NOW + 1, sku="A1", x_m=None, y_m=None)
    assert tell_place(db, later)
    assert tell_place(db, HERE)
    assert not tell_place(db, HERE)
    assert told_places(db, STORE) == [HERE, later]
    assert told_places(db, "elsewhere") == []
    drop_told_places(db, ["one"])
    assert told_places(db, STORE) == [later]


def test_nobody_fills_the_table(db: Database) -> None:
    said = [tell_place(db, replace(HERE, label_id=str(k))) for k in range(MOST_WAITING + 5)]
    assert sum(said) == MOST_WAITING


def test_it_goes_with_its_shopper(db: Database) -> None:
    who = shopper(db, 7).shopper_id
    tell_place(db, replace(HERE, shopper_id=who))
    erase_shopper(db, who, NOW + 1)
    assert told_places(db, STORE) == []
