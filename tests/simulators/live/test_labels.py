"""Labels of a live run are such as the engine takes, at the times of the stays that they are of."""

from __future__ import annotations

import json

from engine.ingest.decoders.labels import LabelDecoder
from engine.privacy.pseudonyms import normal_mac
from engine.records import DeviceId
from engine.vocabulary import LabelKind
from simulators.live.labels import labels
from simulators.world import World
from tests.accuracy.drawn import drawn_day, drawn_plan

START_T = 1_774_000_000.0


def test_every_label_is_taken_and_is_its_shoppers() -> None:
    world = World(drawn_day("pharmacy", 1, 900.0), drawn_plan("pharmacy"))
    decoder = LabelDecoder(world.plan, lambda mac: DeviceId(int(normal_mac(mac), 16)))
    kinds = set()
    for t_s, shopper, said in labels(world, START_T):
        frame = decoder.decode(f"rayon/{world.plan.store}/labels/simulator", json.dumps(said).encode(), START_T + t_s)
        assert frame.refused == {}
        assert set(frame.labels.device.tolist()) == {int(normal_mac(world.phones.mac[shopper]), 16)}
        assert abs(frame.labels.t - START_T - t_s).max() < 0.001
        kinds.add(said["kind"])
    assert kinds == {LabelKind.SHELF_SCAN, LabelKind.RECEIPT}
