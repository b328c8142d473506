"""Tables of receipts in full, each column of them, and the bounds of our own form."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine.commerce.records import Customer, OrderLine, Purchase, Return, ShopEvent
from engine.errors import MessageRefused
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.shops.heard import ShopDecoded, ShopTold
from engine.ingest.shops.kinds import SHOP_DECODERS
from engine.ingest.shops.own import MOST_EVENTS
from engine.vocabulary import RecordRefusal, SalesChannel
from tests.payloads.shops_recorded import TOLD, digest

TILL = SalesChannel.STORE


def who(**said: str) -> Customer:
    return Customer(**{kind: digest("web", kind, text) for kind, text in said.items()})


def own(said: object, told: ShopTold = TOLD) -> ShopDecoded:
    return SHOP_DECODERS["shop"](VendorMessage(json.dumps(said).encode(), 1000.0), told)


def table(*rows: dict[str, str], **more: str) -> bytes:
    first = {"receipt": "R1", "at": "1970-01-01 01:01:40", "sku": "A", "quantity": "1", "amount": "3,00"} | more
    said = [first | row for row in rows or ({},)]
    return "\n".join("\t".join(line) for line in (list(first), *(list(row.values()) for row in said))).encode()


def receipts(body: bytes) -> list[ShopEvent]:
    decoded = SHOP_DECODERS["receipts-csv"](VendorMessage(body, 0.0), TOLD)
    assert decoded.refused == {}
    return decoded.events


def test_a_table_of_receipts_in_full() -> None:
    lines = (OrderLine("1", "A", 1_000, 300, "coats"), OrderLine("2", "B", 500, -100, "coats"))
    sale = Purchase("web", "R1", 1, 100.0, TILL, "EUR", 200, lines, who(email="a@b", card="5"), "boutique", ("V", "W"))
    said = {"store": "3", "category": "coats", "card": "5", "email": "a@b", "voucher": "V", "voids": ""}
    second = {"sku": "B", "quantity": "0.5", "amount": "-1", "voucher": "W"}
    third = {"receipt": "R2", "amount": "9"}
    first, other = receipts(b"\xef\xbb\xbf" + table({}, third, second, **said))
    assert first == sale
    assert (other.id, other.total_minor) == ("R2", 900)  # type: ignore[attr-defined]
    (off,) = receipts(table({}, second | {"voids": "yes"}, **said))
    assert off == replace(sale, version=2, voided=True)
    (twice,) = receipts(table({}, {}, **said))
    assert twice.vouchers == ("V",)  # type: ignore[attr-defined]


def test_receipts_that_give_money_back() -> None:
    for amount, quantity in (("-3.00", "-1"), ("3.00", "1")):
        body = table({"amount": amount, "quantity": quantity}, refunds="R0")
        assert receipts(body) == [Return("web", "R1", 1, 100.0, "R0", "EUR", 300, (OrderLine("1", "A", 1_000, 300),))]
    (off,) = receipts(table(refunds="R0", voids="yes"))
    assert (off.version, off.total_minor) == (2, 0)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [(b"\xff", "not UTF-8"), (b"a,b\n1,2", "no column receipt, at, sku, quantity, amount"),
     (b"receipt;at;sku;quantity\n1;2;3;4", "no column amount"), (b'receipt;at;sku;quantity;amount\n"1', "no table")],
)  # fmt: skip
def test_what_is_no_table_of_receipts(body: bytes, wrong: str) -> None:
    with pytest.raises(MessageRefused, match=wrong) as refused:
        receipts(body)
    assert refused.value.reason is RecordRefusal.BAD_SHAPE


def test_a_receipt_of_more_than_two_thousand_lines_is_none() -> None:
    assert len(receipts(table(*[{}] * 2_000))) == 1
    decoded = SHOP_DECODERS["receipts-csv"](VendorMessage(table(*[{}] * 2_001), 0.0), TOLD)
    assert (decoded.events, decoded.refused) == ([], {RecordRefusal.BAD_SHAPE: 1})


def test_our_own_form_is_bounded_and_says_what_is_wrong() -> None:
    view = {"kind": "product_view", "id": "1", "at": 100, "sku": "A"}
    assert len(own({"events": [view] * 1_000}).events) == MOST_EVENTS == 1_000
    with pytest.raises(MessageRefused, match="1001 events, at most 1000"):
        own([view] * 1_001)
    assert [event.version for event in own(view).events] == [1]
    long = own(view | {"kind": "\n" + "x" * 300})
    (wrong,) = long.wrong.values()
    assert len(wrong) <= 200
    assert "\n" not in wrong
    assert own(view | {"customer": 7}).wrong == {
        RecordRefusal.BAD_SHAPE: "`customer` has `email`, `card` and `account`, and nothing else"
    }
    assert own({"kind": 7}).wrong == {RecordRefusal.BAD_SHAPE: "an event is an object with a `kind`"}


def test_our_own_form_speaks_of_the_stores_it_may() -> None:
    level = {"kind": "stock", "id": "1", "at": 100, "sku": "A", "quantity_milli": 1, "store": "corner"}
    for stores, taken in ((frozenset[str](), True), (frozenset({"corner"}), True), (frozenset({"hall"}), False)):
        told = replace(TOLD, stores=stores)
        assert own(level, told).refused == ({} if taken else {RecordRefusal.UNKNOWN_PLACE: 1})
        assert own(level | {"store": ""}, told).refused == {}
