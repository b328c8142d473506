"""The page of shards and machines: how each is, what is wrong in words, and what mends it."""

from __future__ import annotations

import html

import pytest

from api.context import AppContext
from api.middleware.shards import ShardMetrics
from api.texts.catalogue import words
from api.texts.language import LANGUAGES, Language
from engine.config import Config
from engine.storage.shards.duties import ShardWord, claim_shard, put_word
from engine.storage.shards.nodes import NodeWord, beat_node, become_head, set_draining
from engine.storage.shards.shards import ShardSeen, StoreOfShard, add_shard, move_store, put_store
from engine.storage.shards.standing import ShardStanding, shard_standing
from engine.vocabulary import Role
from tests.api.site import SECRETS, Site

MANAGER = {"Authorization": f"Bearer {SECRETS.manager_key}"}


def small_cluster(site: Site) -> None:
    """A node that is well, one whose clock is wrong; a shard that cannot write, and one that nobody has begun."""
    become_head(site.db, "north", "192.0.2.10:6380", "")
    beat_node(site.db, NodeWord("north", "", "0.2", 8, -0.0001, 20_480.0, {"corner": "d"}))
    beat_node(site.db, NodeWord("south", "clock", "0.2", 8, 5.0, 20_480.0))
    for number in (1, 2):
        add_shard(site.db, number, "north")
    put_store(site.db, "harbour", 1)
    move_store(site.db, "harbour", 1, 2)
    claim = claim_shard(site.db, 1, "north")
    put_word(
        site.db, claim, ShardWord("stuck", "the database is away", "0.2", 90.0, 512.0, 0.25, 7, {"harbour": 3}, {})
    )


def test_shards_and_nodes_with_what_each_is(site: Site) -> None:
    small_cluster(site)
    set_draining(site.db, "north", True)
    with site.client() as client:
        answer = client.get("/health/cluster", headers=MANAGER)
    found = answer.json()
    assert "-0.0" not in answer.text, "a clock that is right is not behind"
    assert found["head"] == "north"
    assert [(n["node"], n["standing"]) for n in found["nodes"]] == [("north", "drained"), ("south", "clock")]
    first, second = found["shards"]
    assert (first["standing"], first["stores"], first["moving"]) == ("stuck", ["harbour"], {"harbour": 2})
    assert (first["without_plan"], second["without_plan"]) == (["harbour"], [])
    assert (first["epoch"], first["lag_s"], first["memory_mib"], first["version"]) == (1, 90.0, 512.0, "0.2")
    assert (second["standing"], second["epoch"]) == ("wanted", 0)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_page_says_what_mends_it_and_that_one_process_lacks_nothing(site: Site, lang: Language) -> None:
    t, headers = words(lang), MANAGER | {"Accept": "text/html", "Accept-Language": lang}
    with site.client() as client:
        one = client.get("/health/cluster", headers=headers).text
        small_cluster(site)
        many = client.get("/health/cluster", headers=headers).text
    assert str(t.cluster.none).split(":", maxsplit=1)[0].split("'", maxsplit=1)[0] in one
    assert "<table" not in one
    for remedy in (t.shard_remedies["stuck"], t.node_remedies["clock"], t.cluster.no_plan.format(node="north")):
        assert str(remedy).split("'", maxsplit=1)[0] in many
    assert f'{t.cluster.log_says}</summary><p class="small" lang="en">the database is away</p>' in many


def lose_sessions(site: Site) -> None:
    """Shard 2 works, on a machine that is upgraded already; its broker has twice forgotten its session."""
    beat_node(site.db, NodeWord("east", "", "0.3", 8, 0.0, 20_480.0))
    word = ShardWord("working", "", "0.3", 0.5, 90.0, 0.1, 7, {}, {}, sessions_lost=2)
    put_word(site.db, claim_shard(site.db, 2, "east"), word)


def test_lost_sessions_stores_without_shard_and_versions_side_by_side(site: Site) -> None:
    small_cluster(site)
    with site.client() as client:
        before = client.get("/health/cluster", headers=MANAGER).json()
        lose_sessions(site)
        found = client.get("/health/cluster", headers=MANAGER).json()
        pages = {
            lang: client.get("/health/cluster", headers=MANAGER | {"Accept": "text/html", "Accept-Language": lang}).text
            for lang in LANGUAGES
        }
    assert (before["without_shard"], before["versions"]) == (["corner"], ["0.2"])
    assert [(s["sessions_lost"], s["lost_lately"]) for s in before["shards"]] == [(0, False), (0, False)]
    assert [(s["sessions_lost"], s["lost_lately"]) for s in found["shards"]] == [(0, False), (2, True)]
    assert found["versions"] == ["0.2", "0.3"]
    for lang, page in pages.items():
        t = words(lang).cluster
        said = (t.without_shard, t.session_lost, t.session_lost_remedy, t.versions.format(versions="0.2, 0.3"))
        assert [one for one in said if str(one) not in html.unescape(page)] == []


def test_what_prometheus_is_told_of_them(site: Site) -> None:
    small_cluster(site)
    lose_sessions(site)
    put_store(site.db, "kiosk", 2)  # which has not taken it: its floor plan has a mistake
    ctx = AppContext(Config.model_validate({"cluster": {}}), site.db, SECRETS, site.server.app.state.ctx.plans)
    told = {
        (sample.name, sample.labels.get("shard")): sample.value
        for family in ShardMetrics(ctx).collect()
        for sample in family.samples
    }
    assert [told["rayon_shard_sessions_lost_total", shard] for shard in ("1", "2")] == [0, 2]
    assert told["rayon_cluster_stores_without_shard", None] == 2, "corner, and kiosk"


def test_it_is_for_those_who_see_all_stores(site: Site) -> None:
    with site.client() as nobody:
        assert nobody.get("/health/cluster").status_code == 401
    with site.colleague("tom", (Role.IT, "corner")) as tom, site.colleague("ina", (Role.IT, "*")) as ina:
        assert [one.get("/health/cluster").status_code for one in (tom, ina)] == [403, 200]


@pytest.mark.parametrize(
    ("state", "generation", "age_s", "lag_s", "stands"),
    [
        ("wanted", 0, 900.0, 0.0, ShardStanding.WANTED),
        ("working", 2, 1.0, 59.0, ShardStanding.WORKING),
        ("working", 2, 1.0, 61.0, ShardStanding.BEHIND),
        ("stuck", 2, 1.0, 61.0, ShardStanding.STUCK),
        ("working", 2, 9.0, 0.0, ShardStanding.SILENT),
    ],
)
def test_how_a_shard_stands(state: str, generation: int, age_s: float, lag_s: float, stands: ShardStanding) -> None:
    stores = (StoreOfShard("corner", None, 1, 0.0),)
    seen = ShardSeen(1, "n", "n", generation, state, "", "", 1, lag_s, 0.0, 0.0, 0, age_s, stores)
    assert shard_standing(seen, 10.0) is stands
