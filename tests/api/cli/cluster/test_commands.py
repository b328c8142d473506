"""`rayon cluster` without a cluster: what it refuses, what it plans, what it shows. A real one is in tests/cluster."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from api.cli.cluster.shown import print_all, remedies
from api.cli.commands import build
from api.cli.startup import open_site, read_config
from engine.errors import OperatorError
from engine.runtime.cluster.keeping.moving import stores_on
from engine.storage.database import Database, open_database
from engine.storage.leases import take_lease
from engine.storage.shards.duties import ShardWord, arrive, claim_shard, let_go, put_word, read_duty
from engine.storage.shards.nodes import NodeWord, beat_node, become_head, read_nodes
from engine.storage.shards.shards import add_shard, drop_store, put_store, read_shards
from engine.storage.status import ENGINE, get_status, put_statuses
from tests.cluster.rig import make_stores
from tests.databases import Postgres, postgres
from tests.sites import SITE_KEY

__all__ = ["postgres"]
PLANS = {"a": "plan", "b": "plan"}


@pytest.fixture
def db(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A cluster of two nodes; both stores are in the one shard of north."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("cluster: {node_gone_s: 600, stores_per_shard: 2}\n")
    with postgres.borrowed() as url:
        monkeypatch.setenv("RAYON_DATABASE_URL", url)
        db = open_database(url)
        become_head(db, "north", "192.0.2.1:6380", "check")
        for name in ("north", "south"):
            beat_node(db, NodeWord(name, "", "0.2", 2, 0.25, 2048.0, PLANS))
        add_shard(db, 1, "north")
        for store in PLANS:
            put_store(db, store, 1)
        word = ShardWord("working", "", "0.2", 0.5, 120.0, 0.4, 99, {"a": 1, "b": 1}, {"a": 0.2, "b": 0.2})
        put_word(db, claim_shard(db, 1, "north"), word)
        yield db
        db.close()


def run(*words: str) -> Result:
    return CliRunner().invoke(build(), ["cluster", *words], catch_exceptions=False)


@pytest.mark.parametrize("words", [["status"], ["up"], ["drain", "north"], ["rebalance"]], ids=" ".join)
def test_one_process_and_sqlite_are_no_cluster(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAYON_DATABASE_URL", raising=False)
    with pytest.raises(OperatorError) as refused:
        run(*words)
    assert [problem.place for problem in refused.value.problems] == ["cluster", "storage.url"]
    assert list(tmp_path.iterdir()) == []


def test_without_ray_up_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])  # nothing is found but what is imported already
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    with pytest.raises(OperatorError, match=r"pip install 'rayon\[cluster\]'"):
        run("up")


def test_a_node_without_the_sites_key_makes_none_beside_its_heads(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAYON_SITE_KEY", raising=False)
    make_stores(tmp_path / "floorplans", ["a"])
    with pytest.raises(OperatorError, match=r"RAYON_SITE_KEY: south: is not set.*the value that it has on north"):
        run("up", "--join", "auto", "--name", "south", "--host", "127.0.0.1")
    assert not (tmp_path / "data").exists()


def test_pages_start_on_a_database_that_takes_reads_only_and_wait_for_shards_of_stores_drawn_elsewhere(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RAYON_SITE_KEY", SITE_KEY)
    make_stores(tmp_path / "floorplans", ["a"])
    put_statuses(db, ENGINE, {store: {} for store in ("a", "b", "closed", "died long ago")}, 0.0)
    put_statuses(db, ENGINE, {"died elsewhere": {}}, time.time() - 3600.0)
    for store in ("died elsewhere", "died long ago"):
        take_lease(db, store, "another", 10.0)
    url = os.environ["RAYON_DATABASE_URL"]
    open_site(read_config(None)).db.close()
    monkeypatch.setenv("RAYON_DATABASE_URL", f"{url}&options=-c%20default_transaction_read_only%3Don")
    open_site(read_config(None), pages=True).db.close()
    assert "what engines said of stores without a floor plan stays until the next start" in caplog.text
    monkeypatch.setenv("RAYON_DATABASE_URL", url)
    open_site(read_config(None), pages=True).db.close()
    assert [row.store for row in get_status(db)] == ["a", "b", "died elsewhere"], "shard 1 has b"


def test_a_plan_with_a_mistake_keeps_no_node_and_no_other_store_from_running(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RAYON_SITE_KEY", SITE_KEY)
    make_stores(tmp_path / "floorplans", ["a", "b"])
    (tmp_path / "floorplans/b/plan.geojson").write_text("{")
    (tmp_path / "floorplans/a/campaigns.yaml").write_text("campaigns: {}\n")
    worth = {"programme": "points", "points": 1, "amount_minor": 1, "currency": "CHF"}
    stopped = {"name": "s", "fr": "s", "en": "s", "when": [{"fact": "visits", "store": "b"}]}
    mine = {"segments": [stopped], "loyalty": {"worth": [worth]}}  # of b, which may have both
    (tmp_path / "config.yaml").write_text(json.dumps({"cluster": {}, **mine}))
    site = open_site(read_config(None), file=Path("config.yaml"), broker=True, pages=True)
    site.db.close()
    assert list(site.plans) == ["a"]
    assert "a: its campaigns stay as they are in the database: " in caplog.text
    assert "b waits for its floor plan, and keeps no other store from running: " in caplog.text
    assert "b/plan.geojson: line 1, column 2: is not JSON" in caplog.text
    monkeypatch.delenv("RAYON_SITE_KEY")
    with pytest.raises(OperatorError, match="RAYON_SITE_KEY: south"):  # what a node looks at after the plans
        run("up", "--join", "auto", "--name", "south", "--host", "127.0.0.1")
    (tmp_path / "floorplans/a/plan.geojson").write_text("{")
    with pytest.raises(OperatorError) as refused:
        run("up", "--join", "auto", "--name", "south", "--host", "127.0.0.1")
    assert len(refused.value.problems) == 2, "none is left that could run"


@pytest.mark.parametrize("command", ["engine", "serve"])
def test_one_process_refuses_the_stores_of_a_cluster(command: str, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("cluster: {}\n")
    with pytest.raises(OperatorError, match="`rayon cluster up` runs them"):
        CliRunner().invoke(build(), [command, "--config", str(config)], catch_exceptions=False)


def test_status_shows_nodes_and_shards_and_fails_where_one_is_not_well(db: Database) -> None:
    shown = run("status")
    assert shown.exit_code == 0, shown.output
    assert "head: north at 192.0.2.1:6380" in shown.stdout
    said = json.loads(run("status", "--json").stdout)
    assert [(node["node"], node["state"], node["clock_off_s"]) for node in said["nodes"]] == [
        ("north", "well", 0.25),
        ("south", "well", 0.25),
    ]
    (shard,) = said["shards"]
    assert (shard["stores"], shard["state"], shard["epoch"], shard["lag_s"]) == (["a", "b"], "working", 1, 0.5)
    beat_node(db, NodeWord("south", "clock", "0.2", 2, 5.0, 2048.0, PLANS))
    shown = run("status")
    assert shown.exit_code == 1
    assert "clock" in shown.stdout


def test_status_is_whole_in_a_terminal_of_80_columns() -> None:
    rest: dict[str, Any] = {"head": None, "without_shard": [], "versions": ["0.2.0"]}
    node = {"node": "rack-north-1", "state": "drained", "stores": 2000, "cpus": 64, "clock_off_s": -12.25}
    shard = {"shard": 12, "stores": ["a"] * 50, "moving": {"a": 2}, "node": "east", "runs_on": "north", "reason": ""}
    word = {"state": "starting", "lag_s": 123.4, "epoch": 123, "memory_mib": 1234.0, "busy_share": 1.0}
    lost = {"sessions_lost": 3, "session_lost_s_ago": None, "version": "0.12.10"}
    shown = StringIO()
    nodes = [{**node, "disk_free_mib": 1e6, "version": "0.12.10"}]
    print_all({**rest, "nodes": nodes, "shards": [{**shard, **word, **lost}]}, Console(file=shown, width=80))
    said = shown.getvalue()
    assert "…" not in said
    for whole in ("drained", "976.6 GiB", "starting", "123.4 s", "1234 MiB", "100%", "0.12.10"):
        assert whole in said
    assert max(map(len, said.splitlines())) <= 80


def test_status_says_what_mends_a_node_and_what_silences_all() -> None:
    nodes = [{"node": name, "state": state} for name, state in (("a", "gone"), ("b", "clock"), ("c", "well"))]
    rest: dict[str, list[str]] = {"without_shard": [], "versions": ["0.2"]}
    spoken = [{"shard": n, "state": state, "session_lost_s_ago": None} for n, state in enumerate(("silent", "working"))]
    first, second = remedies({"nodes": nodes, "shards": spoken, **rest})
    assert "`rayon cluster drain a --forget`" in first
    assert second.startswith("node b: set its clock")
    assert "take writes" in remedies({"nodes": nodes, "shards": spoken[:1] * 2, **rest})[0]
    assert remedies({"nodes": nodes[2:], "shards": [], **rest}) == []


def test_status_says_what_a_broker_forgot_what_is_in_no_shard_and_that_two_versions_run() -> None:
    shards = [
        {"shard": number, "state": "working", "session_lost_s_ago": ago}
        for number, ago in enumerate((None, 600.0, 2 * 86_400.0))
    ]
    without = [f"s{number:02}" for number in range(22)]
    stores, session, versions = remedies(
        {"nodes": [], "shards": shards, "without_shard": without, "versions": ["0.2", "0.3"]}
    )
    assert stores.startswith("no shard runs s00, s01, ")
    assert "s19 and 2 more: they are placed within a minute" in stores
    assert session.startswith("shard 1: its broker forgot its session 10 min ago")
    assert "deploy/mosquitto.conf" in session
    assert "0.2, 0.3 run side by side" in versions


def test_status_fails_where_a_store_is_in_no_shard(db: Database) -> None:
    drop_store(db, "b")
    shown = run("status")
    assert shown.exit_code == 1
    assert "no shard runs b" in shown.stdout


def test_plans_are_shown_and_nothing_is_done(db: Database) -> None:
    before = read_shards(db)[1].stores
    drained = "shard 2 begins on south\n{}\n{}\nshard 1 ends: it has no store\n2 stores move\n"
    moves = [f"store {store} moves from shard 1 to shard 2" for store in PLANS]
    assert run("drain", "north", "--plan").stdout == drained.format(*moves)
    assert run("rebalance", "--plan").stdout == f"shard 2 begins on south\n{moves[0]}\n1 store moves\n"
    assert read_shards(db)[1].stores == before
    assert not read_nodes(db)["north"].draining


def test_rebalance_moves_a_store_when_its_next_shard_listens(db: Database) -> None:
    south = threading.Thread(target=_take_what_comes, args=(db, 2, "south"))
    south.start()
    done = run("rebalance")
    south.join(60)
    assert done.exit_code == 0
    assert done.stdout.endswith("1 store has moved\n")
    assert {n: [s.store for s in shard.stores] for n, shard in read_shards(db).items()} == {1: ["b"], 2: ["a"]}
    assert (stores_on(db, "north"), stores_on(db, "south")) == (1, 1)


def _take_what_comes(db: Database, number: int, node: str) -> None:
    """An actor that takes one store as soon as it is to."""
    while number not in read_shards(db):
        threading.Event().wait(0.02)
    claim = claim_shard(db, number, node)
    while not (coming := read_duty(db, claim).coming):
        threading.Event().wait(0.02)
    arrive(db, claim, coming[0])
    let_go(db, 1, coming[0])


def test_drain_is_taken_back_and_who_lives_is_not_forgotten(db: Database) -> None:
    with pytest.raises(OperatorError, match="no such node"):
        run("drain", "west")
    with pytest.raises(OperatorError, match="still lives"):
        run("drain", "south", "--forget")
    assert "0" not in run("drain", "south").stdout, "it has no store: done at once"
    assert read_nodes(db)["south"].draining
    run("drain", "south", "--undo")
    assert not read_nodes(db)["south"].draining
