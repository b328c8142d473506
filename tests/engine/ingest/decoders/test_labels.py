"""Labels on the wire: what is taken, and under which reason the rest is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.errors import DecodeError
from engine.ingest.decoders.labels import LabelDecoder, is_label
from engine.privacy.pseudonyms import NOT_A_MAC, OPTED_OUT
from engine.records import DeviceId
from engine.vocabulary import FrameRefusal, LabelKind, LabelRefusal
from tests.engine.positioning.labels.shop import shop

TOPIC = "rayon/hall/labels/till-1"
MAC, TERMINAL = "02:00:00:00:00:01", "02:00:00:00:00:99"
NOW = 1_700_000_000.0
KINDS = tuple(LabelKind)


def pseudonym(mac: str) -> DeviceId:
    """The last byte; what is no MAC raises."""
    if len(mac) != 17:
        raise ValueError(mac)
    return DeviceId(int(mac[-2:], 16))


def label(**changed: Any) -> dict[str, Any]:
    """A good one, with changes; None takes a key out."""
    said = {"mac": MAC, "t": NOW, "sku": "p7", "kind": "shelf_scan"} | changed
    return {key: value for key, value in said.items() if value is not None}


def decode(message: Any, received_at: float = NOW + 1.0) -> Any:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return LabelDecoder(shop()[0], pseudonym, [TERMINAL]).decode(TOPIC, payload, received_at)


def test_a_single_label_and_a_list_say_the_same() -> None:
    one, many = decode(label()), decode({"sent_at": NOW, "labels": [label()]})
    assert len(one.labels) == len(many.labels) == 1
    assert one.refused == many.refused == {}
    assert (one.store, one.source, one.sent_at, many.sent_at) == ("hall", "labels/till-1", NOW + 1.0, NOW)
    p = shop()[0].products[7]
    row = one.labels
    assert (row.t[0], row.device[0], row.product[0], row.x_m[0], row.y_m[0]) == (NOW, 1, 7, p.x_m, p.y_m)
    assert KINDS[row.kind[0]] is LabelKind.SHELF_SCAN


def test_a_place_needs_a_level_only_where_there_are_several() -> None:
    row = decode(label(sku=None, x_m=3.0, y_m=4.0, kind="here")).labels
    assert (row.product[0], row.level[0], row.x_m[0], row.y_m[0]) == (-1, 0, 3.0, 4.0)


def test_a_receipt_is_a_row_for_each_product_it_names() -> None:
    frame = decode(label(sku=None, skus=["p1", "p2", "p1", "nothing"], kind="receipt"))
    assert frame.labels.product.tolist() == [1, 2]
    assert frame.refused == {LabelRefusal.UNKNOWN_PRODUCT: 1}


def test_terminals_and_surveys_need_nobodys_consent() -> None:
    said = [label(), label(mac=TERMINAL), label(kind="survey")]
    assert decode({"sent_at": NOW, "labels": said}).labels.public.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (label(sku="nothing"), LabelRefusal.UNKNOWN_PRODUCT),
        (label(sku=7), LabelRefusal.UNKNOWN_PRODUCT),
        (label(kind="guess"), LabelRefusal.UNKNOWN_LABEL_KIND),
        (label(kind=["here"]), LabelRefusal.UNKNOWN_LABEL_KIND),
        (label(mac="nobody"), LabelRefusal.BAD_LABEL_MAC),
        (label(mac=None), LabelRefusal.BAD_LABEL_SHAPE),
        (label(colour="red"), LabelRefusal.BAD_LABEL_SHAPE),
        (label(t="now"), LabelRefusal.BAD_LABEL_TIME),
        (label(t=NOW * 1000), LabelRefusal.BAD_LABEL_TIME),
        (label(t=10**400), LabelRefusal.BAD_LABEL_TIME),
        (label(t=NOW + 60.0), LabelRefusal.LABEL_IN_FUTURE),
        (label(sku=None), LabelRefusal.BAD_LABEL_SHAPE),
        (label(sku=None, x_m=3.0, y_m=True), LabelRefusal.BAD_LABEL_SHAPE),
        (label(sku=None, x_m=90.0, y_m=4.0), LabelRefusal.LABEL_OFF_PLAN),
        (label(sku=None, x_m=3.0, y_m=4.0, level="9"), LabelRefusal.UNKNOWN_LEVEL),
        (label(skus=["p1"]), LabelRefusal.BAD_LABEL_SHAPE),
        (label(sku=None, skus=[], kind="receipt"), LabelRefusal.BAD_LABEL_SHAPE),
        (7, LabelRefusal.BAD_LABEL_SHAPE),
    ],
)
def test_each_bad_label_has_its_reason_and_takes_no_good_one_along(bad: Any, reason: LabelRefusal) -> None:
    frame = decode({"sent_at": NOW, "labels": [bad, label()]})
    assert frame.refused == {reason: 1}
    assert len(frame.labels) == 1


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"\xff", FrameRefusal.NOT_JSON),
        (b"[" * 5000, FrameRefusal.NOT_JSON),
        ([label()], FrameRefusal.NOT_AN_OBJECT),
        ({"sent_at": NOW}, FrameRefusal.MISSING_LABELS),
        ({"labels": [label()]}, FrameRefusal.MISSING_SENT_AT),
        ({"sent_at": -1, "labels": []}, FrameRefusal.BAD_TIME),
        ({"sent_at": NOW, "labels": [], "x": 1}, FrameRefusal.UNKNOWN_KEY),
        ({"sent_at": NOW, "labels": [1] * 501}, FrameRefusal.TOO_MANY_READINGS),
    ],
)
def test_messages_that_cannot_be_used_at_all(message: Any, reason: FrameRefusal) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(message)
    assert refused.value.reason is reason


def test_topics_of_labels() -> None:
    assert is_label(TOPIC)
    assert not is_label("rayon/hall/readings/till-1")
    with pytest.raises(DecodeError):
        LabelDecoder(shop()[0], pseudonym).decode("rayon/hall/readings/a", b"{}", NOW)


@pytest.mark.parametrize(
    ("good", "bad", "reason"),
    [
        ({"t": NOW + 5.0}, {"t": NOW + 5.1}, LabelRefusal.LABEL_IN_FUTURE),
        ({"t": 0.1}, {"t": 0}, LabelRefusal.BAD_LABEL_TIME),
        ({"t": 1.0}, {"t": float("nan")}, LabelRefusal.BAD_LABEL_TIME),
    ],
)
def test_times_of_labels_at_their_bounds(good: dict[str, Any], bad: dict[str, Any], reason: LabelRefusal) -> None:
    frame = decode({"sent_at": NOW, "labels": [label(**good), label(**bad)]})
    assert (len(frame.labels), frame.refused) == (1, {reason: 1})


def test_a_place_may_be_five_metres_off_the_floor() -> None:
    x0, y0, x1, y1 = shop()[0].levels[0].polygon.bounds
    there = {"sku": None, "kind": "here", "y_m": (y0 + y1) / 2}
    frame = decode(
        {"sent_at": NOW, "labels": [label(**there, x_m=x) for x in (x1 + 4.9, x1 + 5.1, x0 - 4.9, x0 - 5.1)]}
    )
    assert frame.labels.x_m.tolist() == [x1 + 4.9, x0 - 4.9]
    assert frame.refused == {LabelRefusal.LABEL_OFF_PLAN: 2}


@pytest.mark.parametrize("kind", ["receipt", "redeemed"])
def test_what_was_bought_is_named_by_one_or_by_many(kind: str) -> None:
    frame = decode({"sent_at": NOW, "labels": [
        label(kind=kind), label(sku=None, skus=["p1"] * 200, kind=kind), label(sku=None, skus=["p1"] * 201, kind=kind),
        label(x_m=1.0, kind=kind), label(sku=None, skus="p1", kind=kind),
    ]})  # fmt: skip
    assert frame.labels.product.tolist() == [7, 1]
    assert {KINDS[k] for k in frame.labels.kind.tolist()} == {kind}
    assert frame.refused == {LabelRefusal.BAD_LABEL_SHAPE: 3}
    assert decode(label(sku=None, skus=["a", "b"], kind=kind)).refused == {LabelRefusal.UNKNOWN_PRODUCT: 2}


def test_who_opted_out_gives_no_label_and_no_count() -> None:
    for device, found, why in ((OPTED_OUT, 0, {}), (NOT_A_MAC, 0, {LabelRefusal.BAD_LABEL_MAC: 1})):
        decoder = LabelDecoder(shop()[0], lambda mac, device=device: DeviceId(device))
        frame = decoder.decode(TOPIC, json.dumps(label()).encode(), NOW)
        assert (len(frame.labels), frame.refused) == (found, why)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"sent_at": True, "labels": []}, FrameRefusal.MISSING_SENT_AT),
        ({"sent_at": "1", "labels": []}, FrameRefusal.MISSING_SENT_AT),
        ({"sent_at": float("nan"), "labels": []}, FrameRefusal.MISSING_SENT_AT),
        ({"sent_at": 10**11, "labels": []}, FrameRefusal.BAD_TIME),
        ({"sent_at": 10**400, "labels": []}, FrameRefusal.BAD_TIME),
        ({"sent_at": NOW, "labels": {}}, FrameRefusal.MISSING_LABELS),
        (b" " * (256 * 1024 + 1), FrameRefusal.TOO_MANY_READINGS),
        (b" " * (256 * 1024), FrameRefusal.NOT_JSON),
    ],
)
def test_messages_at_their_bounds(message: Any, reason: FrameRefusal) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(message)
    assert refused.value.reason is reason
    assert len(decode({"sent_at": 0, "labels": [label(t=1.0)] * 500}).labels) == 500


@pytest.mark.parametrize(
    ("topic", "so"),
    [("rayon/h/labels/a", True), ("rayon/h/labels/a/b", True), ("other/h/labels/a", False), ("rayon/h/labels", False)],
)
def test_which_topics_hold_labels(topic: str, so: bool) -> None:
    assert is_label(topic) is so
