"""Labels through the engine: over the wire, through the journal, and from shoppers' own phones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from shapely import LineString

from engine.config import Config
from engine.ingest.decoders.labels import LabelDecoder
from engine.ingest.decoders.native import Frame
from engine.positioning.labels.places import KINDS
from engine.records import DeviceId, Labels, Readings
from engine.runtime.labels.told_labels import SOURCE, frame_of
from engine.runtime.store_engine import StoreEngine
from engine.runtime.store_runner import StoreRunner
from engine.runtime.stored.journal import pack_frames, unpack_frames
from engine.runtime.stored.names import NameBook, ReadBook
from engine.storage.database import open_database
from engine.storage.people.told_places import ToldPlace
from engine.vocabulary import LabelKind, LabelRefusal
from tests.databases import new_sqlite
from tests.engine.runtime.made import boutique

T0 = 1_700_000_000.0
PLAN = boutique()
SKU = PLAN.products[0].sku
ANA = 0xA


def label_frame(t: float, received_at: float, device: int = ANA) -> Frame:
    payload = json.dumps({"mac": "02:00:00:00:00:0a", "t": t, "sku": SKU, "kind": "shelf_scan"}).encode()
    decoder = LabelDecoder(PLAN, lambda mac: DeviceId(device))
    return decoder.decode(f"rayon/{PLAN.store}/labels/scanner", payload, received_at)


def readings_at(t: float, device: int = ANA) -> Frame:
    """Of a device that stands at the product, heard by every access point."""
    p, n = PLAN.products[0], len(PLAN.access_points)
    d = np.array([np.hypot(a.x_m - p.x_m, a.y_m - p.y_m) + 1.5 for a in PLAN.access_points])
    rssi, nothing = (-40.0 - 25.0 * np.log10(d)).astype(np.float32), np.full(n, np.nan, np.float32)
    own = Readings(np.full(n, t), np.full(n, device, np.uint64), np.arange(n, dtype=np.int32), rssi, nothing, nothing)
    return Frame(PLAN.store, "wifi", t, t, own, Readings.empty(), {})


def engine() -> StoreEngine:
    out = StoreEngine(PLAN, Config())
    out.set_linked([ANA])
    return out


def stand(target: StoreEngine, seconds: int, labelled_at: int) -> None:
    for k in range(seconds):
        now = T0 + k
        target.step([readings_at(now), *([label_frame(now, now)] if k == labelled_at else [])], now)


def test_a_label_over_the_wire_is_held_against_its_track() -> None:
    target = engine()
    target.set_teaching([ANA])
    stand(target, 90, 30)
    said = target.figures()["labels"]
    assert (said["used"], said["kept"], said["refused"]) == (1, 1, {})
    assert said["labelled_devices"] == 0, "without a campaign there is nothing that it could have set off"
    again = engine()
    again.restore(target.state())
    assert again.figures()["labels"] == said


def test_devices_that_thresholds_stand_on_are_told_in_steps(tmp_path: Path) -> None:
    config, n = Config(), 25
    runner = StoreRunner(PLAN, config, open_database(new_sqlite(tmp_path / "rayon.db")), b"0123456789abcdef" * 2)
    none = runner.labels.triggers.state()
    pairs = {"right": np.zeros(n, np.bool_), "step": np.zeros((n, none["step"].shape[1]), np.int8)}
    pairs |= {"number": np.arange(n), "came": np.zeros(pairs["step"].shape, np.bool_), "left": np.array([41])}
    runner.labels.triggers.restore(none | pairs)
    said = runner.figures()["labels"]
    assert config.privacy.k == 20
    assert (said["labelled_devices"], said["left_devices"]) == (20, 40)


def test_without_consent_nothing_is_kept_but_the_count() -> None:
    target = engine()
    stand(target, 60, 30)
    said = target.figures()["labels"]
    assert said["refused"] == {LabelRefusal.LEARNING_NOT_AGREED: 1}
    assert said["kept"] == 0


def test_labels_move_no_clock() -> None:
    """A stream of labels alone, an hour ahead or behind, changes nothing of when readings are late."""
    target, plain = engine(), engine()
    for k in range(20):
        now = T0 + k
        step = target.step([readings_at(now), label_frame(now - 3600.0, now)], now)
        assert step.clock == plain.step([readings_at(now)], now).clock


def test_the_journal_keeps_labels() -> None:
    frame = label_frame(T0, T0 + 1.0)
    packed, _ = pack_frames([frame], "a", NameBook())
    (back,) = unpack_frames(PLAN.store, packed, "a", ReadBook()) or []
    assert back.labels.device.tolist() == frame.labels.device.tolist()
    assert back.labels.product.tolist() == frame.labels.product.tolist()
    assert back.labels.public.dtype == np.bool_
    assert (back.source, back.refused, len(back.readings)) == (frame.source, {}, 0)


def told(**changed: object) -> ToldPlace:
    values = {"label_id": "1", "store": PLAN.store, "shopper_id": "ana", "at": T0, "kind": LabelKind.HERE, "sku": SKU}
    return ToldPlace(**(values | changed))  # type: ignore[arg-type]


def test_what_shoppers_tell_is_a_frame_like_any_other() -> None:
    level = PLAN.levels[0].id
    x, y = PLAN.levels[0].polygon.representative_point().coords[0]
    given = [
        told(),
        told(sku="", x_m=x, y_m=y, level=level),
        told(shopper_id="ben"),
        told(sku="no such thing"),
        told(sku="", x_m=1e4, y_m=y, level=level),
        told(sku="", level=level),
        told(at=T0 + 99.0),
    ]
    frame = frame_of(PLAN, given, {"ana": ANA}, T0)
    assert frame.labels.product.tolist() == [0, -1, 0]
    assert frame.labels.t.tolist() == [T0, T0, T0]
    assert frame.refused == {
        LabelRefusal.LEARNING_NOT_AGREED: 1,
        LabelRefusal.UNKNOWN_PRODUCT: 1,
        LabelRefusal.LABEL_OFF_PLAN: 1,
        LabelRefusal.BAD_LABEL_SHAPE: 1,
    }
    assert len(frame_of(PLAN, [], {}, T0).labels) == len(Labels.empty()) == 0


def test_a_place_may_be_a_little_off_the_floor_and_is_on_the_first_where_none_is_named() -> None:
    outline = PLAN.levels[0].polygon
    left, low, _, high = outline.bounds
    edge = outline.intersection(LineString([(left - 1.0, (low + high) / 2), (left + 99.0, (low + high) / 2)]))
    x, y = edge.bounds[0], (low + high) / 2
    near, far = told(sku="", x_m=x - 4.9, y_m=y), told(sku="", x_m=x - 5.1, y_m=y)
    frame = frame_of(
        PLAN, [near, far, told(sku="", x_m=x, y_m=y, level="attic"), told(sku="", x_m=x)], {"ana": ANA}, T0
    )
    assert (frame.labels.x_m.tolist(), frame.labels.y_m.tolist()) == ([x - 4.9], [y])
    assert (frame.labels.level.tolist(), frame.labels.public.tolist()) == ([0], [False])
    assert frame.refused == {
        LabelRefusal.LABEL_OFF_PLAN: 1,
        LabelRefusal.UNKNOWN_LEVEL: 1,
        LabelRefusal.BAD_LABEL_SHAPE: 1,
    }


def test_a_product_is_where_the_plan_has_it_at_the_time_it_was_told_of() -> None:
    product = PLAN.products[1]
    frame = frame_of(PLAN, [told(sku=product.sku, at=T0 - 9.0)], {"ana": ANA}, T0)
    own = frame.labels
    assert (own.product.tolist(), own.x_m.tolist(), own.y_m.tolist()) == ([1], [product.x_m], [product.y_m])
    assert (own.t.tolist(), own.device.tolist()) == ([T0 - 9.0], [ANA])
    assert own.kind.tolist() == [KINDS.index(LabelKind.HERE)]
    assert (frame.store, frame.source, frame.sent_at, frame.received_at) == (PLAN.store, SOURCE, T0, T0)
