"""The same frames through one process and through shards: equal, whatever dies, moves or is away meanwhile."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.brokers import Mosquitto
from tests.cluster.equal import BEGUN_S, Cluster, alone, differences
from tests.cluster.recording import Recording
from tests.cluster.shards import ShardProcess
from tests.sites import until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


class Week:
    """What happens to two shards while they work."""

    def __init__(self, cluster: Cluster, broker: Mosquitto) -> None:
        self.cluster, self.broker = cluster, broker
        self.dying, self.frozen = cluster.shards
        self.moved = self.dying.stores[0]
        self.later = ShardProcess(
            cluster.url, cluster.folder, broker.port, cluster.recording.origin, 1, [*self.frozen.stores, self.moved],
            forked=True,
        )  # fmt: skip

    def kill(self) -> None:
        """A machine dies, and its shard goes on elsewhere."""
        self.dying.kill()
        self.dying.start()

    def restart_broker(self) -> None:
        """It keeps its sessions."""
        self.broker.stop()
        self.broker.start()

    def move(self) -> None:
        """A store goes from one shard to the other."""
        self.dying.wait("working")
        self.frozen.wait("working")
        self.frozen.do(f"take {self.moved}")
        self.dying.do(f"release {self.moved}")

    def fill_disk(self) -> None:
        """One of them can write nothing: it keeps what comes unanswered."""
        self.frozen.do("limit 1")
        self.frozen.wait("stuck")

    def make_room(self) -> None:
        """It goes on by itself."""
        assert self.frozen.said["unacknowledged"] > 0
        self.frozen.do("limit")
        self.frozen.wait("working")

    def freeze(self) -> None:
        """One stands still, and a later life of its shard takes over. Not in the middle of a transaction: the file of
        SQLite would be locked for everybody."""
        self.frozen.freeze()
        while self._is_locked():
            self.frozen.thaw()
            time.sleep(0.02)
            self.frozen.freeze()
        self.later.start()
        self.cluster.shards[1] = self.later

    def _is_locked(self) -> bool:
        file = sqlite3.connect(self.cluster.url.removeprefix("sqlite:///"), timeout=0.5, isolation_level=None)
        try:
            file.execute("BEGIN IMMEDIATE")
            file.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return True
        finally:
            file.close()
        return False

    def thaw(self) -> None:
        """It wakes up, and ends by itself."""
        self.later.wait("working")
        self.frozen.thaw()
        self.frozen.wait("fenced")

    def forget_sessions(self) -> None:
        """The broker loses everything that it kept."""
        self.broker.stop()
        (self.broker.folder / "mosquitto.db").unlink()
        self.broker.start()
        until(lambda: [one.said["sessions_lost"] for one in self.cluster.shards] == [1, 1], 60, lambda: self.later.log)
        for shard in self.cluster.shards:
            shard.wait("working")

    def between(self, steps: dict[float, Callable[[], None]]) -> Callable[[int, int], None]:
        """Does each step once such a share of the messages is sent."""
        waiting = sorted(steps.items(), key=lambda step: step[0])

        def step(sent: int, of: int) -> None:
            while waiting and sent >= waiting[0][0] * of:
                waiting.pop(0)[1]()

        return step


def test_a_part_of_a_recording_has_the_messages_of_the_whole() -> None:
    whole = Recording(3, 2, 2.0, 1e9)
    parts = [message for part in whole.parts(2) for message in part.messages()]
    assert sorted(parts) == sorted(whole.messages())
    assert [part.names for part in whole.parts(2)] == [whole.names[:2], whole.names[2:]]


def test_shards_that_die_move_and_freeze_come_to_what_one_process_comes_to(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    recording = Recording(stores=4, phones=3, duration_s=40.0, origin=time.time() - BEGUN_S)
    expected, counted, _ = alone(tmp_path, recording)
    cluster = Cluster(tmp_path, mosquitto, recording, 2, f"sqlite:///{tmp_path / 'cluster.db'}", forked=True)
    week = Week(cluster, mosquitto)
    steps = {
        0.2: week.kill,
        0.3: week.restart_broker,
        0.4: week.move,
        0.55: week.fill_disk,
        0.65: week.make_room,
        0.8: week.freeze,
    }
    cluster.start()
    cluster.publish(week.between(steps))
    week.thaw()
    cluster.settle()
    week.forget_sessions()
    week.frozen.stop()
    result, counted_too = cluster.outcome()

    assert expected.vouchers, "the run must issue vouchers for this test to mean anything"
    assert differences(expected, result) == {}
    assert counted_too["readings"] == counted["readings"]
    assert counted_too["late"] == counted["late"] == 0
    assert counted_too["fixes"] - counted["fixes"] in range(5), "each store's last reading may have been located"
    assert week.frozen.log.count("the database is back") == 1
    assert "lost our session" in week.later.log
