"""The recording through one process, on a made-up clock and a broker in memory."""

from __future__ import annotations

from engine.config import Config
from engine.privacy.secrets import Secrets
from engine.runtime.process import EngineProcess
from engine.storage.database import Database
from tests.cluster.recording import SECRETS, Recording, plan_of
from tests.engine.runtime.wire import Wire


def run_single(db: Database, config: Config, recording: Recording, secrets: Secrets = SECRETS) -> None:
    """All of it, in one go and in order."""
    wire = Wire()
    wire.now = recording.origin
    process = EngineProcess(
        config,
        db,
        secrets,
        {store: plan_of(store) for store in recording.names},
        wall=lambda: wire.now,
        monotonic=lambda: wire.now,
        subscribed=wire.session,
    )
    process.leases.look()
    process.turn()
    ends_at = recording.origin + recording.duration_s
    for at, topic, payload in recording.messages():
        if min(at, ends_at + 1.0) > wire.now:
            _live(process)
            wire.now = min(at, ends_at + 1.0)
        wire.publish(topic, payload)
    for _ in range(3):
        while len(process.subscriber):
            _live(process)
        wire.now += 1.0
        _live(process)
    process.stopping.set()
    process.run()


def _live(process: EngineProcess) -> None:
    process.leases.renew()
    process.leases.look()
    process.turn()
