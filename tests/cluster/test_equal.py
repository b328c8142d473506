"""The same frames through one process and through shards: equal, whatever dies or moves meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.brokers import Mosquitto
from tests.cluster.equal import BEGUN_S, Cluster, alone, differences
from tests.cluster.recording import Recording
from tests.cluster.shards import ShardProcess

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def _at(steps: dict[float, Callable[[], None]]) -> Callable[[int, int], None]:
    """What is done once such a share of the messages is sent."""
    waiting = sorted(steps.items(), key=lambda step: step[0])

    def between(sent: int, of: int) -> None:
        while waiting and sent >= waiting[0][0] * of:
            waiting.pop(0)[1]()

    return between


def test_shards_that_die_move_and_freeze_come_to_what_one_process_comes_to(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    recording = Recording(stores=4, phones=3, duration_s=40.0, origin=time.time() - BEGUN_S)
    expected, counted, _ = alone(tmp_path, recording)
    cluster = Cluster(tmp_path, mosquitto, recording, 2, f"sqlite:///{tmp_path / 'cluster.db'}")
    dying, frozen = cluster.shards
    moved = dying.stores[0]
    later = ShardProcess(cluster.url, cluster.folder, mosquitto.port, 1, [*frozen.stores, moved])

    def kill() -> None:
        dying.kill()
        dying.start()

    def move() -> None:
        dying.wait("working")
        frozen.do(f"take {moved}")
        dying.do(f"release {moved}")

    def freeze() -> None:
        frozen.freeze()
        later.start()
        cluster.shards[1] = later

    cluster.start()
    cluster.publish(_at({0.3: kill, 0.55: move, 0.8: freeze}))
    later.wait("working")
    frozen.thaw()
    frozen.wait("fenced")
    cluster.settle()
    frozen.stop()
    result, counted_too = cluster.outcome()

    assert expected.vouchers, "the run must issue vouchers for this test to mean anything"
    assert differences(expected, result) == {}
    assert counted_too["readings"] == counted["readings"]
    assert counted_too["late"] == counted["late"] == 0
    assert counted_too["fixes"] - counted["fixes"] in range(5), "each store's last reading may have been located"
