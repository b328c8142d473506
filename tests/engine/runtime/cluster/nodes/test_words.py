"""What a node says of itself, and what it has to share with the head."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import ClusterConfig, Config
from engine.errors import OperatorError
from engine.privacy.secrets import Secrets
from engine.runtime.cluster.nodes.checks import MARK_FILE, holds_mark, require_same, site_check
from engine.runtime.cluster.nodes.names import (
    NodeSite,
    actor_name,
    check_node_name,
    node_of_resources,
    node_resource,
    read_site,
    shard_of_actor,
)
from engine.runtime.cluster.nodes.word import NodeTrouble, NodeWords
from engine.storage.database import Database, open_database
from engine.storage.shards.nodes import Head, database_clock
from tests.clocks import HeldClock
from tests.databases import new_sqlite

CLUSTER = ClusterConfig(clock_off_s=2.0, disk_free_mib=1024.0)


@pytest.fixture
def db(tmp_path: Path) -> Database:
    return open_database(new_sqlite(tmp_path / "rayon.db"))


def put_plan(folder: Path, store: str, text: str) -> None:
    (folder / store).mkdir(parents=True, exist_ok=True)
    (folder / store / "plan.geojson").write_text(text)


def words(tmp_path: Path, wall: HeldClock, steady: HeldClock, free_mib: list[float]) -> NodeWords:
    """Of a node with plans in `tmp_path`, whose disk has free_mib[0]."""
    config = Config.model_validate({"stores": {"floorplans_dir": str(tmp_path)}})
    return NodeWords(
        "north",
        config,
        CLUSTER,
        wall=wall.time,
        monotonic=steady.time,
        free_bytes=lambda folder: int(free_mib[0] * 2**20),
    )


def test_clocks_apart_by_five_seconds_are_found_and_forgiven_when_they_agree(tmp_path: Path, db: Database) -> None:
    wall, free_mib = HeldClock(database_clock(db)), [9e3]
    said = words(tmp_path, wall, HeldClock(0.0), free_mib)
    found = []
    for off_s in (0.0, 5.0, -5.0, 0.0):
        wall.now = database_clock(db) + off_s
        word = said.say(db)
        found.append(word.trouble)
        assert word.clock_off_s == pytest.approx(off_s, abs=1.0)
    assert found == ["", NodeTrouble.CLOCK, NodeTrouble.CLOCK, ""]


def test_a_full_disk_is_found_and_is_well_again_only_with_room_to_spare(tmp_path: Path, db: Database) -> None:
    wall, free_mib = HeldClock(0.0), [9e3]
    said = words(tmp_path, wall, HeldClock(0.0), free_mib)
    found = []
    for free_mib[0] in (1100.0, 1000.0, 1100.0, 1400.0, 1100.0):
        wall.now = database_clock(db)
        found.append(said.say(db).trouble)
    assert found == ["", NodeTrouble.DISK, NodeTrouble.DISK, "", ""]


def test_a_shared_folder_that_is_away_or_another_is_a_trouble_until_it_is_back(
    tmp_path: Path, db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    check = site_check(Secrets(b"0" * 32), data_dir)
    config = Config.model_validate({"storage": {"data_dir": str(data_dir)}})
    cluster = ClusterConfig(disk_free_mib=0.0)
    said = NodeWords("north", config, cluster, holds=lambda: holds_mark(data_dir, check))
    found = [said.say(db).trouble]
    data_dir.rename(tmp_path / "elsewhere")
    found.append(said.say(db).trouble)
    data_dir.mkdir()  # where it was mounted
    found.append(said.say(db).trouble)
    site_check(Secrets(b"0" * 32), data_dir)  # another site's
    found.append(said.say(db).trouble)
    (tmp_path / "elsewhere" / MARK_FILE).rename(data_dir / MARK_FILE)
    found.append(said.say(db).trouble)
    assert found == ["", NodeTrouble.DISK, NodeTrouble.DISK, NodeTrouble.DISK, ""]
    assert caplog.text.count("is not the site's folder any more") == 1


def test_a_disk_that_does_not_answer_is_a_trouble(tmp_path: Path, db: Database) -> None:
    def gone(folder: Path) -> int:
        raise OSError("Stale file handle")

    assert NodeWords("north", Config(), CLUSTER, free_bytes=gone).say(db).trouble is NodeTrouble.DISK


def test_a_plan_that_cannot_be_read_is_another_than_one_that_can(tmp_path: Path) -> None:
    said = words(tmp_path, HeldClock(0.0), HeldClock(0.0), [9e3])
    put_plan(tmp_path, "a", "one")
    (tmp_path / "b" / "plan.geojson").mkdir(parents=True)
    digests = said.plans()
    assert set(digests) == {"a", "b"}
    assert digests["a"] != digests["b"]


def test_plans_that_differ_have_different_digests(tmp_path: Path) -> None:
    steady = HeldClock(0.0)
    said = words(tmp_path, HeldClock(0.0), steady, [9e3])
    for store, text in (("a", "one"), ("b", "one"), ("c", "two")):
        put_plan(tmp_path, store, text)
    first = said.plans()
    assert first["a"] == first["b"] != first["c"]
    put_plan(tmp_path, "c", "three, and longer")
    assert said.plans() == first, "looked at twice a minute"
    steady.now += 60.0
    assert said.plans()["c"] not in first.values()
    (tmp_path / "a" / "products.csv").write_text("sku")
    steady.now += 60.0
    assert said.plans()["a"] != first["a"]


def test_nodes_share_key_and_folder_or_are_refused(tmp_path: Path) -> None:
    secrets = Secrets(b"0" * 32)
    check = site_check(secrets, tmp_path / "shared")
    head = Head(1, "north", "192.0.2.1:6380", check)
    require_same(head, "south", site_check(secrets, tmp_path / "shared"))
    assert (tmp_path / "shared" / MARK_FILE).stat().st_mode & 0o077 == 0  # as `rayon doctor` wants all of data_dir
    with pytest.raises(OperatorError) as refused:
        require_same(head, "south", site_check(Secrets(b"1" * 32), tmp_path / "own"))
    assert [problem.file for problem in refused.value.problems] == ["RAYON_SITE_KEY", "storage.data_dir"]
    assert "north" in refused.value.problems[0].fix


def test_names_come_back_as_they_were(tmp_path: Path) -> None:
    assert shard_of_actor(actor_name(12)) == 12
    assert shard_of_actor("another") is shard_of_actor("rayon-shard-") is None
    assert node_of_resources({"CPU": 2.0, node_resource("north-1.example"): 1.0}) == "north-1.example"
    assert node_of_resources({"CPU": 2.0}) is None
    for config in (None, tmp_path / "config.yaml"):
        site = NodeSite("north", config, tmp_path)
        assert read_site(site.environ()) == site
    with pytest.raises(OperatorError, match="cannot be a node's name"):
        check_node_name("north of/the river")
