"""The managers' endpoints over HTTP, on a real database with two days of counts."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from api.app import create_app
from engine.config import Config
from engine.plan.load import load_plans
from engine.storage.database import Database, open_database
from tests.api.managers.site import FLOORPLANS, INPUTS, SECRETS, fill, serving
from tests.databases import new_sqlite

NOON = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC).timestamp()
DAY = {"from": "2026-03-10T00:00:00Z", "to": "2026-03-10T13:00:00+00:00"}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(new_sqlite(tmp_path_factory.mktemp("managers") / "rayon.db"))
    fill(opened, load_plans(FLOORPLANS), NOON)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(db: Database) -> Iterator[httpx.Client]:
    app = create_app(Config(), db, SECRETS, load_plans(FLOORPLANS), start_delivery=False)
    key = {"Authorization": f"Bearer {SECRETS.manager_key}"}
    with serving(app) as url, httpx.Client(base_url=url, headers=key, trust_env=False, timeout=60) as opened:
        yield opened


def get(client: httpx.Client, path: str, **query: Any) -> Any:
    response = client.get(f"/v1/stores/{path}".rstrip("/"), params=query)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/boutique/heat",
        "/boutique/zones",
        "/boutique/hours",
        "/boutique/flows",
        "/boutique/hot-zones",
        "/boutique/plan.svg",
    ],
)
def test_only_managers_may_ask(client: httpx.Client, path: str) -> None:
    for key in ("", "Bearer nonsense", f"Bearer {SECRETS.till_key}"):
        response = client.get(f"/v1/stores{path}", headers={"Authorization": key})
        assert response.status_code == 401
        assert response.json()["code"] == "unauthorized"


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("nowhere/zones", {}, 404, "not_found"),
        ("boutique/heat", {"level": "cellar"}, 404, "not_found"),
        ("boutique/heat.svg", {"level": "cellar"}, 404, "not_found"),
        ("boutique/zones", {"from": "2026-03-10T00:00:00"}, 422, "invalid_request"),  # no time zone
        ("boutique/zones", {"from": "2026-03-10T02:00:00Z", "to": "2026-03-10T01:00:00Z"}, 422, "invalid_period"),
        ("boutique/hours", {"from": "2020-03-10T02:00:00Z", "to": "2026-03-10T01:00:00Z"}, 422, "invalid_period"),
        ("boutique/decisions", {"after": "what"}, 422, "invalid_cursor"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    client: httpx.Client, path: str, query: dict[str, str], status: int, code: str
) -> None:
    response = client.get(f"/v1/stores/{path}".rstrip("/"), params=query)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"].startswith("application/problem+json")


def test_the_stores(client: httpx.Client) -> None:
    found = get(client, "")
    assert [s["store"] for s in found["items"]] == ["boutique", "supermarket"]
    assert [lv["id"] for lv in found["items"][0]["levels"]] == ["rdc", "etage"]
    assert found["next"] is None


def test_heat_adds_up_and_lies_on_the_plan(client: httpx.Client) -> None:
    found = get(client, "boutique/heat", **DAY)
    assert found["from"] == "2026-03-10T00:00:00.000Z"
    people = {8: 14, 9: 25, 10: 41, 11: 52, 12: 38}
    assert sum(lv["person_hours"] for lv in found["levels"]) == pytest.approx(sum(people.values()), rel=1e-3)
    for level in found["levels"]:
        assert sum(s["person_s"] for s in level["items"]) == pytest.approx(level["person_hours"] * 3600, rel=1e-3)
        assert all(0 <= s["col"] < level["cols"] and 0 <= s["row"] < level["rows"] for s in level["items"])
        assert all(s["hot"] == (s["q"] < 0.05) for s in level["items"])
    one = get(client, "boutique/heat", level="etage", **DAY)
    assert one["levels"] == [lv for lv in found["levels"] if lv["level"] == "etage"]


def test_zones_are_ranked_and_the_bakery_is_hot(client: httpx.Client) -> None:
    items = get(client, "supermarket/zones", **DAY)["items"]
    assert [z["rank"] for z in items] == list(range(1, len(items) + 1))
    assert [z["person_hours"] for z in items] == sorted((z["person_hours"] for z in items), reverse=True)
    zones = {z["name"]: z for z in items}
    assert zones["Boulangerie"]["hot"]["state"] == "hot"
    assert zones["Boulangerie"]["hot"]["z"] > 3
    assert zones["Boulangerie"]["hot"]["q"] < 0.05
    assert zones["Cave"]["hot"] == {**zones["Cave"]["hot"], "state": "not_hot", "reason": "no_hot_squares"}
    assert 80 < zones["Boulangerie"]["mean_dwell_s"] < 110
    hot = {z["zone"]: z["state"] for z in get(client, "supermarket/hot-zones", **DAY)["items"]}
    assert hot == {z["zone"]: z["hot"]["state"] for z in items}


def test_zones_add_up_from_hours(client: httpx.Client) -> None:
    hours = get(client, "supermarket/hours", **DAY)["items"]
    assert [h["hour_start"] for h in hours] == sorted(h["hour_start"] for h in hours)
    for zone in get(client, "supermarket/zones", **DAY)["items"]:
        mine = [h for h in hours if h["zone"] == zone["zone"]]
        assert sum(h["person_hours"] for h in mine) == pytest.approx(zone["person_hours"], abs=0.01)
        assert sum(h["visits"] for h in mine) == zone["visits"]
        assert max(h["persons_peak"] for h in mine) == zone["persons_peak"]


def test_flows_say_where_people_go_next(client: httpx.Client) -> None:
    items = get(client, "boutique/flows", **DAY)["items"]
    assert [f["transitions"] for f in items] == sorted((f["transitions"] for f in items), reverse=True)
    pairs = {(f["from_zone"], f["to_zone"]): f for f in items}
    assert len(pairs) == len(items)
    visits = {z["zone"]: z["visits"] for z in get(client, "boutique/zones", **DAY)["items"]}
    entering = pairs[None, "nouveautes"]
    assert (entering["from_name"], entering["to_name"], entering["share"]) == (None, "Nouveautés", 1.0)
    assert entering["transitions"] == visits["nouveautes"]
    assert pairs["nouveautes", "femme"]["transitions"] == visits["nouveautes"]  # the sum over all hours of the day
    assert pairs["nouveautes", "femme"]["share"] == pytest.approx(0.75, abs=0.02)
    for zone in {f["from_zone"] for f in items}:
        assert sum(f["share"] for f in items if f["from_zone"] == zone) == pytest.approx(1.0, abs=0.001)
    before = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
    assert get(client, "boutique/flows", **before)["items"] == []


def test_a_period_begins_at_its_hour_and_a_night_is_not_enough_evidence(client: httpx.Client) -> None:
    late = get(client, "supermarket/hours", **{"from": "2026-03-10T11:40:00+00:00", "to": "2026-03-10T12:00:00Z"})
    assert {h["hour_start"] for h in late["items"]} == {"2026-03-10T11:00:00.000Z"}
    night = get(client, "supermarket/zones", **{"from": "2026-03-10T00:00:00Z", "to": "2026-03-10T05:00:00Z"})
    assert {z["hot"]["state"] for z in night["items"]} == {"not_enough_evidence"}
    assert {z["mean_dwell_s"] for z in night["items"]} == {None}


def test_the_default_period_is_today_in_the_stores_time_zone(client: httpx.Client) -> None:
    found = get(client, "boutique/zones")
    start, end = (dt.datetime.fromisoformat(found[k]) for k in ("from", "to"))
    assert abs(end.timestamp() - time.time()) < 60
    paris = start.astimezone(dt.timezone(dt.timedelta(hours=1)))
    assert paris.hour in (0, 23)  # midnight in winter; in summer 23:00 as seen from UTC+1
    assert end - start <= dt.timedelta(hours=25)


def test_decisions_are_counted_in_whole_ks(client: httpx.Client) -> None:
    found = get(client, "boutique/decisions", **DAY, limit=50)
    assert {c["reason"]: c["outcome"] for c in found["counts"]}["ok"] == "issue"
    assert 0 < sum(c["count"] for c in found["counts"]) < 120
    assert all(c["count"] % 20 == 0 for c in found["counts"])
    assert (found["items"], found["next"]) == ([], None), "one by one they are for who may read the audit log"


def test_decisions_of_simulated_shoppers_are_paged_newest_first(db: Database) -> None:
    demo = Config.model_validate({"privacy": {"demo": True, "k": 1}})
    app = create_app(demo, db, SECRETS, load_plans(FLOORPLANS), start_delivery=False)
    key = {"Authorization": f"Bearer {SECRETS.manager_key}"}
    with serving(app) as url, httpx.Client(base_url=url, headers=key, trust_env=False, timeout=60) as client:
        first = get(client, "boutique/decisions", **DAY, limit=50)
        assert sum(c["count"] for c in first["counts"]) == 120
        seen, page = first["items"], first
        while page["next"]:
            page = get(client, "boutique/decisions", **DAY, limit=50, after=page["next"])
            seen = seen + page["items"]
        nothing = get(client, "boutique/decisions", **{"from": "2026-03-09T00:00:00Z", "to": "2026-03-09T01:00:00Z"})
    assert [d["decision_id"] for d in seen] == [f"boutique-{i:04d}" for i in range(120)]
    assert seen[0]["at"] == "2026-03-10T12:00:00.000Z"
    assert seen[0]["inputs"] == INPUTS
    assert not any("shopper_id" in d for d in seen), "a manager sees reasons, not people"
    assert (nothing["counts"], nothing["items"], nothing["next"]) == ([], [], None)


def test_drawings_are_svg_and_carry_the_heat(client: httpx.Client) -> None:
    svg = client.get("/v1/stores/supermarket/heat.svg", params={**DAY, "width_px": 800})
    assert svg.headers["content-type"].startswith("image/svg+xml")
    root = ElementTree.fromstring(svg.text)
    assert root.get("width") == "800"
    names = {e.get("class") for e in root.iter()}
    assert {"heat", "hot"} <= names
    plain = client.get("/v1/stores/boutique/plan.svg").text
    assert "Étage" in plain
    assert 'class="heat"' not in plain
    assert 'class="heat"' in client.get("/v1/stores/boutique/heat.svg", params={**DAY, "level": "etage"}).text
