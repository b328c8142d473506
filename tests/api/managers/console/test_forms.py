"""One report in all its forms over real HTTP: page, JSON, CSV, GeoJSON, PNG and PDF say the same, and who asks again is
told that nothing has changed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.managers.console.figures.asked import View
from api.managers.console.papers import printable_plan
from api.managers.reports import Reports
from engine.plan.model import Plan
from tests.api.managers.console.shop import SECRETS, STORE
from tests.api.managers.site import serving

WEEK = "from=2026-03-30&to=2026-04-05&compare=weekdays"
BASE = f"/v1/stores/{STORE}/reports"


@contextmanager
def opened(made: Reports, plans: Mapping[str, Plan]) -> Iterator[httpx.Client]:
    """Signed in as a manager, by key and by cookie."""
    app = create_app(made.ctx.config, made.ctx.db, SECRETS, plans, start_delivery=False)
    key = {"Authorization": f"Bearer {SECRETS.manager_key}", "Accept-Language": "en"}
    with serving(app) as url, httpx.Client(base_url=url, headers=key, trust_env=False, timeout=60) as client:
        client.post("/manage/sign-in", data={"key": SECRETS.manager_key})
        yield client


@pytest.fixture(scope="module")
def client(made: Reports) -> Iterator[httpx.Client]:
    """Of the shop."""
    with opened(made, made.ctx.plans) as client:
        yield client


def get(client: httpx.Client, path: str, **headers: str) -> httpx.Response:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text[:300]
    return answer


def test_every_form_says_the_same(client: httpx.Client) -> None:
    """315 visits to the bakery, 210 in the mean of the weeks before."""
    said = get(client, f"{BASE}/zones?{WEEK}").json()
    [bakery] = [item for item in said["items"] if item["zone"] == "bakery"]
    assert bakery["visits"] == {"value": 315, "low": None, "high": None}
    assert bakery["visits_before"] == {"value": 210, "low": 210, "high": 210}
    assert (said["from"], said["timezone"], said["running"]) == ("2026-03-29T22:00:00.000Z", "Europe/Paris", False)
    assert [c["last_day"] for c in said["compared_with"]] == ["2026-03-29", "2026-03-22", "2026-03-15", "2026-03-08"]

    rows = list(csv.DictReader(io.StringIO(get(client, f"{BASE}/zones/csv?{WEEK}").text)))
    assert rows[0]["zone_name"] == "Boulangerie"
    assert (rows[0]["visits"], rows[0]["visits_before"], rows[0]["visits_before_low"]) == ("315", "210", "210")

    places = get(client, f"{BASE}/zones/geojson?{WEEK}")
    assert places.headers["content-type"] == "application/geo+json"
    [feature] = [f for f in places.json()["features"] if f["properties"]["id"] == "bakery"]
    assert feature["properties"]["visits"]["value"] == 315
    assert places.json()["rayon"]["anchor"] == {"lon": 2.35, "lat": 48.85, "bearing_deg": 0.0}
    lon, lat = feature["geometry"]["coordinates"][0][0][:2]
    assert 2.35 <= lon < 2.351
    assert 48.85 < lat < 48.851

    page = get(client, f"/manage/{STORE}/zones?{WEEK}&lang=en").text
    row = re.search(r"Boulangerie</a></th>(.*?)</tr>", page, re.S)
    assert row is not None
    assert ">315<" in row[1]
    assert ">210<" in row[1]
    assert "+50%" in row[1]

    assert get(client, f"{BASE}/zones/png?{WEEK}").content.startswith(b"\x89PNG")
    document = get(client, f"{BASE}/zones/pdf?{WEEK}").content
    assert document.startswith(b"%PDF")
    assert document == get(client, f"{BASE}/zones/pdf?{WEEK}").content


def test_a_document_comes_out_whatever_letters_names_are_in(made: Reports, caplog: pytest.LogCaptureFixture) -> None:
    """Else whoever runs a store of such a name had no document at all."""
    plan = made.ctx.plans[STORE]
    zones = tuple(replace(zone, name=f"{zone.name} 麺麭") for zone in plan.zones)
    plans = {STORE: replace(plan, name="東京の店", zones=zones)}
    with opened(made, plans) as client:
        assert "麺麭" in get(client, f"{BASE}/zones/csv?{WEEK}").text
        for lang in ("fr", "en"):
            answer = get(client, f"{BASE}/zones/pdf?{WEEK}&lang={lang}")
            assert answer.content.startswith(b"%PDF")
    assert not [r for r in caplog.records if "glyph" in r.getMessage()], "nothing is drawn as an empty box"


def test_names_that_can_be_written_stay(made: Reports) -> None:
    plan = made.ctx.plans[STORE]
    assert printable_plan(plan) is plan
    other = replace(plan, name="東京 Tea", zones=(replace(plan.zones[0], id="麺-1", name="麺麭"), *plan.zones[1:]))
    written = printable_plan(other)
    assert (written.name, written.zones[0].name) == (STORE, "?-1")
    assert written.zones[1:] == plan.zones[1:]


def test_who_has_it_is_told_that_it_still_holds(client: httpx.Client) -> None:
    for form in ("", "/csv", "/geojson"):
        first = get(client, f"{BASE}/trend{form}?{WEEK}")
        again = client.get(f"{BASE}/trend{form}?{WEEK}", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = get(
            client, f"{BASE}/trend{form}?from=2026-03-30&to=2026-04-04", **{"If-None-Match": first.headers["etag"]}
        )
        assert other.headers["etag"] != first.headers["etag"]


def test_rows_come_a_page_at_a_time(client: httpx.Client) -> None:
    found: list[Any] = []
    after = ""
    while True:
        said = get(client, f"{BASE}/trend?from=2026-03-02&to=2026-04-05&limit=10{after}").json()
        assert len(said["items"]) <= 10
        found += said["items"]
        if said["next"] is None:
            break
        after = f"&after={said['next']}"
    assert [item["day"] for item in found] == sorted({item["day"] for item in found})
    assert len(found) == 35


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/moon", 422, "invalid_request"),
        ("/zones?from=2026-04-05&to=2026-03-30", 422, "invalid_period"),
        ("/zones?from=yesterday", 422, "invalid_period"),
        ("/hours?hours=9", 422, "invalid_period"),
    ],
)
def test_what_cannot_be_had_is_a_problem(client: httpx.Client, path: str, status: int, code: str) -> None:
    answer = client.get(f"{BASE}{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_squares_of_heat_lie_on_the_floor(client: httpx.Client) -> None:
    found = get(client, f"{BASE}/heat/geojson?{WEEK}").json()["features"]
    squares = [f["properties"] for f in found if f["properties"]["kind"] == "square"]
    assert len(squares) == 80 + 16
    assert sum(s["person_s"] for s in squares) == pytest.approx(7 * 3 * 15 * (300 + 120))
    assert any(s["hot"] for s in squares)


def test_nobody_reads_figures_without_a_key(client: httpx.Client) -> None:
    with httpx.Client(base_url=client.base_url, trust_env=False, timeout=60) as stranger:
        for view in View:
            assert stranger.get(f"{BASE}/{view}").status_code == 401
            assert stranger.get(f"/manage/{STORE}/{view}").status_code == 401
        assert stranger.get(f"/manage/{STORE}/heat/frame?at=0").status_code == 401


def test_names_are_no_formulas(client: httpx.Client) -> None:
    from api.managers.console.forms import _safe

    assert [_safe(text) for text in ("=1+1", "Cave", "@x")] == ["'=1+1", "Cave", "'@x"]
