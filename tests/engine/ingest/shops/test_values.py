"""Single values of shop systems, and what a sound event is: each bound from both its sides."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine.commerce.records import CatalogueEntry, Order, OrderLine, Purchase, Return, ShopEvent, StockLevel
from engine.ingest.decoders.values import RecordUnusable
from engine.ingest.shops import values as v
from engine.ingest.shops.checks import check_event, refuse_future
from engine.ingest.shops.heard import ShopDecoded, ShopTold
from engine.ingest.shops.plain import AMOUNT_MAX, MOST_LINES, text
from engine.vocabulary import OrderState, RecordRefusal, SalesChannel
from tests.payloads.shops_recorded import TOLD

UTC, PARIS = ZoneInfo("UTC"), ZoneInfo("Europe/Paris")


def why(give: object, *args: object) -> RecordRefusal | None:
    """The reason for which a value is refused; None where it is good."""
    assert callable(give)
    try:
        give(*args)
    except RecordUnusable as unusable:
        return unusable.reason
    return None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (" a ", "a"), (7, "7"), (0, "0"), (-7, "-7"), (2**64 - 1, str(2**64 - 1)), (2**64, ""), (1.0, ""), (True, ""),
        (None, ""), ("a" * 200, "a" * 200), ("a" * 201, ""), ("a\x00b", ""), ("a\x1fb", ""), ("a\x7fb", ""),
        ("a b", "a b"),
        ("\ud800", ""), ("\ue000", "\ue000"), ("\ud7ff", "\ud7ff"), ("", ""),
    ],
)  # fmt: skip
def test_a_text(value: object, said: str) -> None:
    assert text(value) == said


def test_a_name_is_cut_and_an_identifier_is_not() -> None:
    assert v.name("a" * 201) == "a" * 200
    assert v.name(7) == "7"
    assert (v.identifier("a" * 200), v.identifier(7)) == ("a" * 200, "7")
    assert [why(v.identifier, value) for value in ("a" * 201, "", 0, "0", None)] == [RecordRefusal.NO_ID] * 5


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (" 1,5 ", "1.5"), ("+1.", "1"), ("-0.25", "-0.25"), (7, "7"), (1.5, "1.5"), ("9" * 18, "9" * 18),
        ("0." + "1" * 18, "0." + "1" * 18), ("9" * 19, None), ("0." + "1" * 19, None), (".5", None), ("", None),
        ("1e3", None), (1e30, None), (True, None), (None, None), ("1.5" + " " * 37, "1.5"), ("1.5" + " " * 38, None),
        ("1,5,0", None), (float("nan"), None),
    ],
)  # fmt: skip
def test_a_decimal(value: object, number: str | None) -> None:
    if number is None:
        assert why(v.decimal, value) is RecordRefusal.BAD_AMOUNT
    else:
        assert v.decimal(value) == Decimal(number)


def test_amounts_are_rounded_half_to_even_and_bounded() -> None:
    assert [v.minor(x, "EUR") for x in ("0.005", "0.015", "-0.005", "12.345", "12.3451")] == [0, 2, 0, 1234, 1235]
    assert (v.minor("12.5", "JPY"), v.minor("1.2345", "KWD"), v.minor("1.2355", "KWD")) == (12, 1234, 1236)
    assert [v.milli(x) for x in ("0.0005", "0.0015", "1,5", -2)] == [0, 2, 1500, -2000]
    assert v.minor("100000000000.00", "EUR") == AMOUNT_MAX == 10**13
    assert v.minor("-100000000000.00", "EUR") == -AMOUNT_MAX
    assert why(v.minor, "100000000000.01", "EUR") is RecordRefusal.BAD_AMOUNT
    assert why(v.minor, "-100000000000.01", "EUR") is RecordRefusal.BAD_AMOUNT
    assert v.milli("10000000000") == AMOUNT_MAX
    assert [why(v.milli, x) for x in ("10000000000.001", "-10000000000.001")] == [RecordRefusal.BAD_AMOUNT] * 2


def test_a_currency_as_written_by_number_or_told() -> None:
    told = replace(TOLD, currency="chf", currencies={"1": "eur", "2": "XXQ"})
    assert [v.currency(x, told) for x in ("gbp", 1, "1", "", None)] == ["GBP", "EUR", "EUR", "CHF", "CHF"]
    assert [why(v.currency, x, told) for x in ("2", "3", "EURO")] == [RecordRefusal.UNKNOWN_CURRENCY] * 3
    assert why(v.currency, "", ShopTold("s", lambda *_: "")) is RecordRefusal.UNKNOWN_CURRENCY


@pytest.mark.parametrize(
    ("value", "zone", "t"),
    [
        ("1970-01-01T00:01:40Z", PARIS, 100.0), (" 1970-01-01 00:01:40 ", UTC, 100.0),
        ("1970-01-01T01:01:40", PARIS, 100.0), ("1970-01-01T01:01:40+01:00", UTC, 100.0), (100, PARIS, 100.0),
        (0.5, UTC, 0.5), (9.9e10, UTC, 9.9e10), (0, UTC, None), (-1, UTC, None), (1e11, UTC, None), (None, UTC, None),
        ("yesterday", UTC, None), ("1970-01-01T00:00:00Z", UTC, None), (True, UTC, None),
    ],
)  # fmt: skip
def test_a_time(value: object, zone: ZoneInfo, t: float | None) -> None:
    if t is None:
        assert why(v.time_s, value, zone) is RecordRefusal.BAD_TIME
    else:
        assert v.time_s(value, zone) == t


def test_versions_are_microseconds_and_how_far_an_order_is() -> None:
    assert (v.version_of(1.5), v.version_of(1.5, 3)) == (1_500_000, 1_500_003)
    states = [OrderState.PLACED, OrderState.PAID, OrderState.READY]
    assert [v.state_rank(state) for state in states] == sorted(v.state_rank(state) for state in states)
    assert len({v.state_rank(state) for state in OrderState}) == len(OrderState)


def test_places_are_told() -> None:
    assert (v.place(3, TOLD), v.place("", TOLD), v.place(None, TOLD)) == ("boutique", "", "")
    assert why(v.place, "4", TOLD) is RecordRefusal.UNKNOWN_PLACE
    assert v.known_place(["4", None, "655441491"], TOLD) == "boutique"
    assert v.known_place(["4"], TOLD) == ""


def test_a_list_of_objects() -> None:
    assert v.records(None) == []
    assert v.records([{}] * MOST_LINES) == [{}] * 2_000
    for value in ([{}] * 2_001, {}, [{}, 1], "x", [[]], 0):
        assert why(v.records, value) is RecordRefusal.BAD_SHAPE


def line(**changed: object) -> OrderLine:
    return replace(OrderLine("1", "A", 1_000, 100), **changed)  # type: ignore[arg-type]


SALE = Purchase("web", "1", 1, 1.0, SalesChannel.WEB, "EUR", 100, (line(),))
BACK = Return("web", "1", 1, 1.0, "0", "EUR", 100, (line(),))
ENTRY = CatalogueEntry("web", "1", 1, 1.0, "A", "Coat", "EUR", 100)
LEVEL = StockLevel("web", "1", 1, 1.0, "A", 5_000)
ORDER = Order("web", "1", 1, 1.0, OrderState.PAID, "EUR", 100)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (SALE, None),
        (replace(SALE, version=0), None),
        (replace(SALE, version=-1), RecordRefusal.BAD_SHAPE),
        (replace(SALE, version=2**62), None),
        (replace(SALE, version=2**62 + 1), RecordRefusal.BAD_SHAPE),
        (replace(SALE, currency="EURO"), RecordRefusal.UNKNOWN_CURRENCY),
        (replace(SALE, total_minor=0), None),
        (replace(SALE, total_minor=-1), RecordRefusal.BAD_AMOUNT),
        (replace(SALE, total_minor=10**13), None),
        (replace(SALE, total_minor=10**13 + 1), RecordRefusal.BAD_AMOUNT),
        (replace(BACK, total_minor=-1), RecordRefusal.BAD_AMOUNT),
        (replace(SALE, lines=(line(amount_minor=-(10**13)),)), None),
        (replace(SALE, lines=(line(amount_minor=-(10**13) - 1),)), RecordRefusal.BAD_AMOUNT),
        (replace(SALE, lines=(line(quantity_milli=10**13 + 1),)), RecordRefusal.BAD_AMOUNT),
        (replace(SALE, lines=(line(id=""),)), RecordRefusal.NO_ID),
        (replace(SALE, lines=(line(sku=""),)), RecordRefusal.NO_ID),
        (replace(SALE, lines=(line(category=""),)), None),
        (replace(SALE, lines=(line(category="\x00"),)), RecordRefusal.NO_ID),
        (replace(SALE, lines=(line(),) * 2_000), None),
        (replace(SALE, lines=(line(),) * 2_001), RecordRefusal.BAD_SHAPE),
        (replace(SALE, vouchers=("A", "")), RecordRefusal.NO_ID),
        (replace(SALE, store="\x00"), RecordRefusal.NO_ID),
        (replace(SALE, id=""), RecordRefusal.NO_ID),
        (replace(ORDER, place="a" * 201), RecordRefusal.NO_ID),
        (replace(ENTRY, barcodes=("",)), RecordRefusal.NO_ID),
        (replace(ENTRY, sku=""), RecordRefusal.NO_ID),
        (replace(ENTRY, name=""), None),
        (replace(ENTRY, price_minor=10**13 + 1), RecordRefusal.BAD_AMOUNT),
        (replace(ENTRY, currency="EURO"), RecordRefusal.UNKNOWN_CURRENCY),
        (replace(ENTRY, price_minor=None, currency=""), None),
        (LEVEL, None),
        (replace(LEVEL, quantity_milli=-(10**13)), None),
        (replace(LEVEL, quantity_milli=10**13 + 1), RecordRefusal.BAD_AMOUNT),
    ],
)
def test_a_sound_event(event: ShopEvent, reason: RecordRefusal | None) -> None:
    assert why(check_event, event) is reason


def test_stock_of_a_time_to_come_is_taken_out() -> None:
    """A sender's clock may be five minutes ahead; an order of tomorrow is an order."""
    decoded = ShopDecoded([LEVEL, replace(LEVEL, at=1300.0), replace(LEVEL, at=1300.5), replace(ORDER, at=9e9)])
    refuse_future(decoded, 1000.0)
    assert [event.at for event in decoded.events] == [1.0, 1300.0, 9e9]
    assert decoded.refused == {RecordRefusal.BAD_TIME: 1}


def test_a_record_counts_whole_or_not_at_all() -> None:
    into = ShopDecoded()
    v.add_whole(into, [SALE, replace(SALE, id="")])
    v.add_whole(into, [SALE, BACK])
    v.add_whole(into, [replace(SALE, id="")])
    assert (into.events, into.refused, into.wrong) == ([SALE, BACK], {RecordRefusal.NO_ID: 2}, {})
    into.refuse(RecordRefusal.BAD_SHAPE, "first")
    into.refuse(RecordRefusal.BAD_SHAPE, "second")
    assert (into.refused[RecordRefusal.BAD_SHAPE], into.wrong) == (2, {RecordRefusal.BAD_SHAPE: "first"})
    assert v.total([line(), line(amount_minor=-30)]) == 70


def test_who_it_was_is_a_digest_of_a_text_or_a_number() -> None:
    told = ShopTold("s", lambda source, kind, said: f"{source}/{kind}/{said[:3]}/{len(said)}")
    assert told.customer("a@b", "123", 7).email == "s/email/a@b/3"
    assert told.customer(card="x" * 300).card == "s/card/xxx/300"
    assert told.customer(card="x" * 301).card == ""
    assert told.customer(account=1).account == "s/account/1/1"
    for nobody in (0, -1, True, None, "", 1.5, ["a"]):
        assert not told.customer(nobody, nobody, nobody).is_known
    assert repr(told) == "ShopTold(s)"
