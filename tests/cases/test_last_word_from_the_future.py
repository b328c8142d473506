"""last-word-from-the-future: our clock was put back by an hour, and who had died just then passed for alive that long.

Input: the last word of an engine, of a shard and its node, and of a till's request under way, each dated an hour ahead
of the clock, as by one that was put right since; nobody says more.
Right: the engine is not ready and every page says so, the shard is silent and the node gone, and the till's repeat is
done at once: who lives says so again within seconds, by the clock as it is now.
"""

from __future__ import annotations

import time

from sqlalchemy import update

from api.managers import fragments
from api.managers.snapshot import Pulse
from engine.storage.database import Database
from engine.storage.models.cluster.shards import ClusterNodeTable, ShardTable
from engine.storage.once.idempotency import ABANDONED_S, Fresh, InFlight, begin, keep
from engine.storage.shards.nodes import NodeWord, beat_node, read_nodes
from engine.storage.shards.shards import add_shard, read_shards
from engine.storage.shards.standing import NodeStanding, node_standing
from engine.storage.status import ENGINE, get_status, put_status, troubles_of
from engine.storage.upserts import table_of
from engine.vocabulary import StoreTrouble
from tests.api.site import Site, small_plan

NOW, HOUR_S = 1_800_000_000.0, 3600.0


def test_an_engine_is_silent(db: Database) -> None:
    put_status(db, "shop", ENGINE, {}, NOW + HOUR_S)
    assert troubles_of(get_status(db), NOW) == {"shop": [StoreTrouble.ENGINE_SILENT]}
    put_status(db, "shop", ENGINE, {}, NOW + 1.0)  # two hosts, a second apart
    assert troubles_of(get_status(db), NOW) == {}


def test_not_ready_and_said_on_the_page(site: Site) -> None:
    put_status(site.db, "corner", ENGINE, {}, time.time() + HOUR_S)
    with site.client() as client:
        answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["engine"]) == (503, "stale")


def test_the_managers_page_does_not_call_it_live() -> None:
    felt = Pulse(small_plan(), NOW, NOW + HOUR_S, [StoreTrouble.ENGINE_SILENT])
    assert "engine silent" in fragments.live(felt, "en")


def test_a_node_is_gone_and_its_shard_said_nothing_lately(db: Database) -> None:
    beat_node(db, NodeWord("north", "", "0.2", 4, 0.0, 500.0, {}))
    add_shard(db, 1, "north")
    with db.write() as session:
        for model in (ClusterNodeTable, ShardTable):
            table = table_of(model)
            session.connection().execute(update(table).values(at=table.c.at + HOUR_S))
    assert node_standing(read_nodes(db)["north"], 60.0) is NodeStanding.GONE
    assert read_shards(db)[1].age_s > 0.9 * HOUR_S


def test_a_tills_request_is_taken_over_within_five_seconds(db: Database) -> None:
    """And one that lives says so in the new time first."""
    begin(db, "till", "dead", "h", NOW + HOUR_S)
    begin(db, "till", "alive", "h", NOW + HOUR_S)
    keep(db, "till", "alive", NOW + 1.0)
    assert begin(db, "till", "alive", "h", NOW + ABANDONED_S - 1.0) == InFlight()
    assert begin(db, "till", "dead", "h", NOW + ABANDONED_S - 1.0) == Fresh()
