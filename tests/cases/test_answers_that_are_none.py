"""A proxy before a customer file answered in an encoding that was none, and an e-shop with a body that never ended.

Input: 200 with `Content-Encoding: gzip` and a page of HTML, for an event and for an erasure; 200 and a body that drips
on and on for an order. Wrong: both events were dead letters, and no order of anybody was asked for any more. Right: the
events are tried again and taken; what an e-shop says beside its 200 is not waited for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.storage.crm.receivers import dead_letters
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.ordering.asked import orders_of
from engine.vocabulary import AskedState, Purpose
from tests.customer_files import CustomerFile
from tests.engine.delivery.crm.test_courier import Sent, config_for
from tests.engine.delivery.test_orders import NOW, sender, wanted
from tests.engine.storage.crm.people import shopper
from tests.push_services import ENDLESS, PushService

PAGE_OF_A_PROXY = (200, {"Content-Encoding": "gzip"})


@pytest.fixture
def file(tmp_path: Path) -> Iterator[CustomerFile]:
    with CustomerFile(tmp_path) as made:
        yield made


def test_an_answer_in_no_encoding_is_none(db: Database, file: CustomerFile) -> None:
    crm = Sent(db, config_for(file))
    who = shopper(db, Purpose.CRM)
    file.answers = [PAGE_OF_A_PROXY]
    crm.round()
    assert dead_letters(db, "crm") == []
    assert [crm.round(60.0), crm.round(60.0)] == [1, 1]
    erase_shopper(db, who, crm.now)
    file.answers = [PAGE_OF_A_PROXY]
    crm.round()
    assert dead_letters(db, "crm") == []
    crm.round(60.0)
    assert b"erasure" in file.told[-1].body
    assert crm.round(600.0) == 0


def test_a_body_without_an_end_holds_up_no_order(db: Database, tmp_path: Path) -> None:
    who, _ = wanted(db)
    with PushService(tmp_path) as eshop:
        asks = sender(db, eshop)
        eshop.answers = [(ENDLESS, {})]
        assert asks.send_due(NOW) == 1
    assert [one.state for one in orders_of(db, who, NOW)] == [AskedState.TAKEN]
