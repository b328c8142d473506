"""Live readings of our own wire and of another make, through a shard: what one process makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.storage.database import open_database
from tests.databases import new_sqlite
from tests.engine.runtime.cluster.wired import WiredShard
from tests.engine.runtime.listening.test_sources import BEGIN, MAC, MERAKI, meraki_message
from tests.engine.runtime.made import Stand, boutique, frames, payload
from tests.engine.runtime.shifts import POSITIONING, PRESENCE, PRIVACY, STORE, Shift
from tests.engine.runtime.wire import Wire

LASTS_S = 20.0
COUNTED = ("readings", "readings_used", "fixes", "visits")
Messages = list[tuple[str, bytes]]


def said(kind: str) -> Iterator[tuple[float, Messages]]:
    """(when, what comes then) from one phone in front of one product, then time alone."""
    plan = boutique()
    for sent, readings in frames(plan, [Stand(MAC, plan.products[0].sku, 0.0, LASTS_S)], LASTS_S):
        own = [(f"rayon/{STORE}/readings/c1", payload(sent, readings, BEGIN))]
        yield BEGIN + sent + 0.05, own if kind == "native" else [meraki_message(one) for one in readings]
    for k in range(8):
        yield BEGIN + LASTS_S + 0.55 + k / 2, []


def by_one_process(kind: str, folder: Path) -> dict[str, int]:
    wire = Wire()
    wire.now = BEGIN
    with closing(open_database(new_sqlite(folder / "one.db"))) as db:
        engine = Shift(db, boutique(), folder / "one", wire, sources=[MERAKI])  # type: ignore[arg-type]
        engine.live()
        for now, messages in said(kind):
            wire.now = now
            for topic, body in messages:
                wire.publish(topic, body)
            engine.live()
        counts = engine.process.runners[STORE].figures()["counts"]
        engine.stop()
    return {what: int(counts.get(what, 0)) for what in COUNTED}


@pytest.mark.parametrize("kind", ["native", "meraki"])
def test_a_shard_makes_of_live_messages_what_one_process_does(tmp_path: Path, kind: str) -> None:
    sections = {"sources": [MERAKI], "presence": PRESENCE, "positioning": POSITIONING, "privacy": PRIVACY}
    with closing(open_database(new_sqlite(tmp_path / "shard.db"))) as db:
        shard = WiredShard(db, tmp_path / "shard", {STORE: boutique()}, BEGIN, **sections)
        for now, messages in said(kind):
            shard.turn(now, *messages)
        made = {what: shard.count(STORE, what) for what in COUNTED}
        topics = shard.work.links.topics()
        shard.work.end()
        left = dict(shard.session.unanswered)
    assert made == by_one_process(kind, tmp_path)
    assert made["fixes"] >= LASTS_S / 2
    assert {MERAKI["topic"], f"rayon/{STORE}/readings/+"} <= topics
    assert left == {}
