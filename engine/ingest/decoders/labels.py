"""Labels on our own wire: `rayon/{store}/labels/{source}`, evidence that a device was at a place at a time.

A message is one label, or `{"sent_at", "labels": […]}`. A label names a product of the plan (`sku`) or a place (`x_m`,
`y_m` and, in stores of several levels, `level`); a receipt names what was bought (`skus`) at the till's time. What
cannot be used at all raises `DecodeError`; each label that cannot be used is counted under exactly one reason.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from engine.errors import DecodeError
from engine.ingest.decoders.columns import FUTURE_S, TIME_MAX_S
from engine.ingest.decoders.native import Frame, parse_topic
from engine.masks import mask_macs
from engine.plan.model import Plan
from engine.privacy.pseudonyms import NOT_A_MAC, OPTED_OUT, normal_mac
from engine.records import Labels, Pseudonym, Readings
from engine.vocabulary import FrameRefusal, LabelKind, LabelRefusal, ReadingRefusal, RecordRefusal

LABELS = "labels"
"""The kind of topics that hold labels."""

LABEL_SOURCE = LABELS + "/"
"""Before the name of a source of labels, which may have the name of one of readings: its clock is another."""

MOST_LABELS = 500  # of a message
MOST_LINES = 200  # of a receipt
MOST_BYTES = 256 * 1024
OFF_PLAN_M = 5.0  # outside the floor; nearer it is the drawing that is a little off

_KEYS = frozenset({"mac", "t", "sku", "skus", "x_m", "y_m", "level", "kind"})
_KINDS = tuple(LabelKind)
_LISTED = (LabelKind.RECEIPT, LabelKind.REDEEMED)


@dataclass(frozen=True, slots=True)
class _Label:
    t: float
    device: int
    kind: LabelKind
    product: int
    level: int
    x_m: float
    y_m: float
    public: bool


class _Refused(Exception):
    """One label cannot be used."""

    def __init__(self, reason: LabelRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class LabelDecoder:
    """Of one store. `terminals` are the MACs of the store's own devices, whose labels need nobody's consent."""

    def __init__(self, plan: Plan, pseudonym: Pseudonym, terminals: Collection[str] = ()) -> None:
        self._plan, self._pseudonym = plan, pseudonym
        self._terminals = frozenset(normal_mac(mac) for mac in terminals)
        self._products = {product.sku: i for i, product in enumerate(plan.products)}
        self._floors = [level.polygon.buffer(OFF_PLAN_M) for level in plan.levels]

    def decode(self, topic: str, payload: bytes, received_at: float) -> Frame:
        """A frame that holds labels and nothing else. Raises DecodeError."""
        where = parse_topic(topic)
        if where.kind != LABELS:
            raise DecodeError(FrameRefusal.TOPIC_SHAPE, f"kind is {mask_macs(where.kind)!r}, not 'labels'")
        sent_at, listed = _parts(payload, received_at)
        found: list[_Label] = []
        refused: Counter[ReadingRefusal | RecordRefusal | LabelRefusal] = Counter()
        for raw in listed:
            try:
                found += self._labels(raw, sent_at, received_at)
            except _Refused as error:
                refused[error.reason] += 1
            except _OneOfMany as error:
                found += error.good
                refused[LabelRefusal.UNKNOWN_PRODUCT] += error.bad
        return Frame(
            where.store,
            LABEL_SOURCE + where.source,
            sent_at,
            received_at,
            Readings.empty(),
            Readings.empty(),
            dict(refused),
            labels=_columns([one for one in found if one.device != OPTED_OUT]),
        )

    def _labels(self, raw: Any, sent_at: float, received_at: float) -> list[_Label]:
        if not isinstance(raw, dict) or not raw.keys() <= _KEYS or not isinstance(raw.get("mac"), str):
            raise _Refused(LabelRefusal.BAD_LABEL_SHAPE)
        if raw.get("kind") not in _KINDS:
            raise _Refused(LabelRefusal.UNKNOWN_LABEL_KIND)
        t = _number(raw.get("t"), LabelRefusal.BAD_LABEL_TIME)
        if not 0 < t < TIME_MAX_S:
            raise _Refused(LabelRefusal.BAD_LABEL_TIME)
        if t > sent_at + FUTURE_S:
            raise _Refused(LabelRefusal.LABEL_IN_FUTURE)
        device, kind = self._device(raw["mac"]), LabelKind(raw["kind"])
        public = kind is LabelKind.SURVEY or normal_mac(raw["mac"]) in self._terminals
        if kind in _LISTED:
            return self._lines(raw, t, device, kind, public)
        product, (level, x, y) = -1, (-1, math.nan, math.nan)
        if raw.get("skus") is not None:
            raise _Refused(LabelRefusal.BAD_LABEL_SHAPE)
        if raw.get("sku") is not None:
            product, (level, x, y) = self._product(raw["sku"])
        else:
            level, x, y = self._place(raw)
        return [_Label(t, device, kind, product, level, x, y, public)]

    def _lines(self, raw: dict[str, Any], t: float, device: int, kind: LabelKind, public: bool) -> list[_Label]:
        skus = raw.get("skus") if raw.get("skus") is not None else [raw.get("sku")]
        if not isinstance(skus, list) or not 0 < len(skus) <= MOST_LINES or raw.get("x_m") is not None:
            raise _Refused(LabelRefusal.BAD_LABEL_SHAPE)
        good, bad = [], 0
        for sku in dict.fromkeys(str(s) for s in skus):  # two of a kind were taken in one place
            try:
                product, (level, x, y) = self._product(sku)
            except _Refused:
                bad += 1
                continue
            good.append(_Label(t, device, kind, product, level, x, y, public))
        if bad:
            raise _OneOfMany(good, bad)
        return good

    def _device(self, mac: str) -> int:
        try:
            device = int(self._pseudonym(mac))
        except ValueError:
            raise _Refused(LabelRefusal.BAD_LABEL_MAC) from None
        if device == NOT_A_MAC:
            raise _Refused(LabelRefusal.BAD_LABEL_MAC)
        return device

    def _product(self, sku: Any) -> tuple[int, tuple[int, float, float]]:
        index = self._products.get(sku) if isinstance(sku, str) else None
        if index is None:
            raise _Refused(LabelRefusal.UNKNOWN_PRODUCT)
        product = self._plan.products[index]
        return index, (self._plan.level_index[product.level], product.x_m, product.y_m)

    def _place(self, raw: dict[str, Any]) -> tuple[int, float, float]:
        x, y = (_number(raw.get(key), LabelRefusal.BAD_LABEL_SHAPE) for key in ("x_m", "y_m"))
        level = raw.get("level")
        if level is None and len(self._plan.levels) == 1:
            at = 0
        elif isinstance(level, str) and level in self._plan.level_index:
            at = self._plan.level_index[level]
        else:
            raise _Refused(LabelRefusal.UNKNOWN_LEVEL)
        if not shapely.contains_xy(self._floors[at], x, y):
            raise _Refused(LabelRefusal.LABEL_OFF_PLAN)
        return at, x, y


class _OneOfMany(Exception):
    """Some lines of a receipt are of products that the plan does not have."""

    def __init__(self, good: list[_Label], bad: int) -> None:
        super().__init__(bad)
        self.good, self.bad = good, bad


def _parts(payload: bytes, received_at: float) -> tuple[float, list[Any]]:
    """(sent_at, labels as they came) of a message."""
    if len(payload) > MOST_BYTES:
        raise DecodeError(FrameRefusal.TOO_MANY_READINGS, f"{len(payload)} bytes, at most {MOST_BYTES}")
    try:
        raw = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise DecodeError(FrameRefusal.NOT_JSON, mask_macs(str(error))[:200]) from None
    if not isinstance(raw, dict):
        raise DecodeError(FrameRefusal.NOT_AN_OBJECT, "the payload is no JSON object")
    if "labels" not in raw and "sent_at" not in raw:
        return received_at, [raw]
    if unknown := raw.keys() - {"sent_at", "labels"}:
        raise DecodeError(FrameRefusal.UNKNOWN_KEY, mask_macs(", ".join(sorted(unknown)))[:200])
    sent_at, listed = raw.get("sent_at"), raw.get("labels")
    if isinstance(sent_at, bool) or not isinstance(sent_at, (int, float)) or sent_at != sent_at:
        raise DecodeError(FrameRefusal.MISSING_SENT_AT, "sent_at is absent or not a number")
    if not 0 <= sent_at < TIME_MAX_S:  # compared as it came: an integer may be longer than any float
        raise DecodeError(FrameRefusal.BAD_TIME, "sent_at is not in seconds UTC")
    if not isinstance(listed, list):
        raise DecodeError(FrameRefusal.MISSING_LABELS, "labels is absent or not a list")
    if len(listed) > MOST_LABELS:
        raise DecodeError(FrameRefusal.TOO_MANY_READINGS, f"{len(listed)}, at most {MOST_LABELS}")
    return float(sent_at), listed


def _number(value: Any, reason: LabelRefusal) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Refused(reason)
    try:
        number = float(value)
    except OverflowError:
        raise _Refused(reason) from None
    if not math.isfinite(number):
        raise _Refused(reason)
    return number


def _columns(found: list[_Label]) -> Labels:
    if not found:
        return Labels.empty()

    def column(name: str, dtype: Any) -> Any:
        return np.array([getattr(one, name) for one in found], dtype)

    return Labels(
        column("t", np.float64),
        column("device", np.uint64),
        np.array([_KINDS.index(one.kind) for one in found], np.int32),
        column("product", np.int32),
        column("level", np.int32),
        column("x_m", np.float64),
        column("y_m", np.float64),
        column("public", np.bool_),
    )


def is_label(topic: str) -> bool:
    """Whether a message on this topic holds labels."""
    parts = topic.split("/", 3)
    return len(parts) == 4 and parts[0] == "rayon" and parts[2] == LABELS
