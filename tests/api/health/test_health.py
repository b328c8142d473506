"""Alive, ready, counters and metrics; and no person in any of them."""

from __future__ import annotations

import html
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.managers.reports import Reports
from api.managers.snapshot import pulse
from api.middleware.metrics import flat
from api.texts.catalogue import words
from engine.errors import StorageUnavailable
from engine.masks import MASK
from engine.positioning.doubting.range_units import FACTORS
from engine.storage.keys import add_key
from engine.storage.migrate import NewerSchema
from engine.storage.status import put_status
from engine.vocabulary import KeyScope, StoreTrouble
from tests.api.site import MAC, SECRETS, Site, eventually
from tests.clocks import HeldClock

VALUES = {
    "counts": {"fixes": 12, "readings": 345},
    "refused": {"unknown_ap": 7, "bad_json": 1},
    "late": 2,
    "samples": {"bad_json": [{"payload": "secret-frame"}]},
}


@pytest.fixture
def now(site: Site, monkeypatch: pytest.MonkeyPatch) -> float:
    """The time by which it is said how fresh a status is: it stands, however long an answer takes."""
    clock = HeldClock(time.time())
    monkeypatch.setattr("api.health.endpoints.time", clock)
    return clock.now


def test_ready_follows_the_engine(site: Site, now: float) -> None:
    with site.client() as client:
        answer, reasons = client.get("/health/ready"), [words("en").health.no_engine]
        how = {"status": "ready", "database": "up", "engine": "absent", "delivery": "running"}
        assert (answer.status_code, answer.json()) == (200, how | {"reasons": reasons}), "pages can be served"
        put_status(site.db, "corner", "engine", VALUES, now)
        assert client.get("/health/ready").json()["engine"] == "fresh"
        put_status(site.db, "corner", "engine", VALUES, now - 60)
        stale = client.get("/health/ready")
    assert (stale.status_code, stale.json()["engine"]) == (503, "stale")


@pytest.mark.parametrize("trouble", [t for t in StoreTrouble if t not in ("database_away", "engine_silent")])
def test_ready_says_what_is_wrong_with_a_store(site: Site, now: float, trouble: StoreTrouble) -> None:
    with site.client() as client:
        put_status(site.db, "corner", "engine", VALUES | {"troubles": {trouble: 0}}, now)
        assert client.get("/health/ready").status_code == 200
        put_status(site.db, "corner", "engine", VALUES | {"troubles": {trouble: 1}}, now)
        answer, metrics = (
            client.get("/health/ready"),
            client.get("/metrics", headers={"Authorization": f"Bearer {SECRETS.manager_key}"}).text,
        )
    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
    assert answer.json()["reasons"] == [f"corner: {words('en').troubles[trouble]}"]
    assert f'rayon_engine_troubles{{reason="{trouble}",store="corner"}} 1.0' in metrics


@pytest.mark.parametrize(("age_s", "status"), [(2.0, 200), (9.0, 503)])
def test_an_engine_that_is_silent_is_not_ready_within_ten_seconds(
    site: Site, now: float, age_s: float, status: int
) -> None:
    with site.client() as client:
        put_status(site.db, "corner", "engine", VALUES, now - age_s)
        answer = client.get("/health/ready")
    assert answer.status_code == status
    assert bool(answer.json()["reasons"]) == (status == 503)


def test_people_read_what_is_wrong_in_their_language_and_programs_in_english(site: Site) -> None:
    key = {"Authorization": f"Bearer {SECRETS.manager_key}"}
    put_status(site.db, "corner", "engine", VALUES, time.time() - 900.0)
    with site.client(**key) as client:
        page = client.get("/health?lang=fr", headers={"Accept": "text/html"}).text
        said = client.get("/health?lang=fr").json()["reasons"]
    french = f'<p class="bad">{site.plan.name} : {words("fr").troubles["engine_silent"]}</p>'
    assert (french in page, said) == (True, [f"corner: {words('en').troubles['engine_silent']}"])


def test_ready_says_when_the_database_is_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Liveness does not depend on the database; readiness does, and says so."""

    def away() -> None:
        raise StorageUnavailable("gone")

    monkeypatch.setattr(site.db, "read", away)
    with site.client() as client:
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()["database"]) == (503, "down")
        assert client.get("/health/live").status_code == 200
        assert client.get("/health").json()["status"] == "not_ready"
        key = {"Authorization": f"Bearer {SECRETS.manager_key}"}
        assert "rayon_database_up 0.0" in client.get("/metrics", headers=key).text


@pytest.mark.parametrize(("goes_on", "status"), [(True, 200), (False, 503)])
def test_ready_says_when_a_newer_program_has_changed_the_database(
    goes_on: bool, status: int, site: Site, now: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_status(site.db, "corner", "engine", VALUES, now)
    monkeypatch.setattr(site.db, "newer", lambda: NewerSchema("9999", goes_on))
    t = words("en")
    with site.client() as client:
        answer = client.get("/health/ready")
        said = t.health.database_ahead if goes_on else t.troubles["database_newer"]
        assert (answer.status_code, answer.json()["reasons"]) == (status, [said])
    newest = pulse(Reports(site.server.app.state.ctx), site.plan.store).troubles
    assert (StoreTrouble.DATABASE_NEWER in newest) is not goes_on, "pages of managers say it, too"


def test_ready_says_when_delivery_died(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug in housekeeping must not go unseen behind pages that still work."""

    def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("engine.storage.vouchers.vouchers.expire_undelivered", broken)
    with site.client() as client:
        eventually(lambda: client.get("/health/ready").json()["delivery"] == "dead")
        assert client.get("/health/ready").status_code == 503
    assert "housekeeping died" in caplog.text


def test_counters_for_machines_and_people(site: Site) -> None:
    put_status(site.db, "corner", "engine", VALUES, time.time())
    put_status(site.db, "*", "engine", {"unusable": {"unknown_store": 3}, "broker": {"state": "up"}}, time.time())
    with site.client() as client, site.client(Accept="text/html") as browser, site.manager() as machine:
        said = client.get("/health").json()
        public = browser.get("/health").text
        browser.post("/manage/sign-in", data={"key": "manager-key-of-tests"})
        page = browser.get("/health?lang=en").text
        for_managers = machine.get("/health").json()
    assert said == {"status": "ready"}
    by_store = {c["store"]: c["values"] for c in for_managers["components"] if c["component"] == "engine"}
    assert by_store["corner"]["refused"] == {"unknown_ap": 7, "bad_json": 1}
    assert by_store["*"]["unusable"] == {"unknown_store": 3}
    assert "an access point that the plan does not have" in page
    assert "a store without a floor plan" in page
    assert "(refused.unknown_ap)" in page, "the code stands beside, for who looks it up"
    assert "unknown_store" in page
    assert f"· {site.plan.name}</h2>" in page
    assert "· corner" not in page
    assert not any(word in public for word in ("unknown_ap", "secret-frame", "corner"))
    assert "secret-frame" in str(for_managers)


def test_metrics_can_be_scraped(site: Site) -> None:
    put_status(site.db, "corner", "engine", VALUES, time.time())
    _, key = add_key(site.db, "health", time.time())
    with site.client() as client:
        client.get("/w/corner", params={"client_mac": MAC})
        client.get("/w/nowhere")
        client.request("PROPFIND", "/w/nowhere")
        assert client.get("/metrics").status_code == 401
        text = client.get("/metrics", headers={"Authorization": f"Bearer {key}"}).text
    assert 'method="other"' in text
    assert "PROPFIND" not in text
    families = {f.name: f for f in text_string_to_metric_families(text)}
    values = {(s.name, *sorted(s.labels.items())): s.value for f in families.values() for s in f.samples}
    assert values["rayon_engine_refused", ("reason", "unknown_ap"), ("store", "corner")] == 7
    assert values["rayon_engine_late", ("reason", ""), ("store", "corner")] == 2
    got = ("rayon_http_requests_total", ("method", "GET"), ("route", "/w/{store}"))
    assert values[*got, ("status", "200")] == 1
    assert values[*got, ("status", "404")] == 1
    assert MAC not in text


@pytest.mark.parametrize("label", ["02:aa:bb:cc:dd:01", "02AABBCCDD01", "02aa.bbcc.dd01", "0123456789abcdef"])
def test_nothing_that_looks_like_a_device_becomes_a_label(label: str) -> None:
    assert list(flat({"refused": {label: 1, "bad_json": 2}, "up": True, "name": "x"})) == [
        ("refused", "bad_json", 2.0),
        ("up", "", 1.0),
    ]


def test_a_source_named_like_a_phone_is_masked(site: Site) -> None:
    put_status(site.db, "corner", "engine", {"clock_offsets_s": {MAC: 0.5}, "late": 1}, time.time())
    with site.client() as client, site.manager() as manager:
        everybody = client.get("/health").text + client.get("/health/ready").text
        said, metrics = manager.get("/health").text, manager.get("/metrics").text
    assert MAC not in everybody + said + metrics


def test_an_access_point_of_the_plan_that_contradicts_is_named_and_no_other_is(site: Site) -> None:
    """Its id is a MAC, of the shop's own; two that the plan does not have may be phones."""
    [ours] = site.plan.access_points
    figures = {"contradicting_aps": {ours.id: 0.97, MAC: 0.8}, "clock_offsets_s": {ours.id: 1.5}}
    put_status(site.db, "corner", "engine", figures, time.time())
    headers = {"Accept": "text/html"}
    with site.manager() as manager:
        said, metrics = manager.get("/health").json(), manager.get("/metrics").text
        page, sources = (manager.get(path, headers=headers).text for path in ("/health", "/health/sources/corner"))
        points = manager.get("/health/sources/corner").json()["access_points"]
    [component] = [c for c in said["components"] if c["component"] == "engine"]
    assert component["values"]["contradicting_aps"] == {ours.id: 0.97, MASK: 0.8}
    assert component["values"]["clock_offsets_s"] == {MASK: 1.5}, "there it is the name of a source"
    assert f'rayon_engine_contradicting_aps{{reason="{ours.id}",store="corner"}} 0.97' in metrics
    assert metrics.count("rayon_engine_contradicting_aps{") == 1
    assert (ours.id in page, MAC in page + metrics) == (True, False)
    assert [point["contradicts"] for point in points] == [0.97]
    assert "allez voir" in html.unescape(sources) or "go and look" in sources


def test_access_points_whose_hearing_of_each_other_is_wrong_are_named_with_what_is(site: Site) -> None:
    [ours] = site.plan.access_points
    figures = {"misplaced_aps": {ours.id: 0.98, MAC: 0.97}, "mute_aps": {ours.id: 1.0}, "stuck_aps": {ours.id: -40.0}}
    put_status(site.db, "corner", "engine", figures | {"interchanged_aps": {ours.id: "AP 7"}}, time.time())
    with site.manager() as manager:
        metrics, [point] = manager.get("/metrics").text, manager.get("/health/sources/corner").json()["access_points"]
        page = html.unescape(manager.get("/health/sources/corner", headers={"Accept": "text/html"}).text)
        put_status(site.db, "corner", "engine", figures | {"interchanged_aps": {}}, time.time())
        elsewhere = html.unescape(manager.get("/health/sources/corner", headers={"Accept": "text/html"}).text)
    assert (point["misplaced"], point["interchanged_with"], point["mute"]) == (0.98, "AP 7", True)
    assert point["stuck"] == -40.0
    assert f'rayon_engine_stuck_aps{{reason="{ours.id}",store="corner"}} -40.0' in metrics
    assert f'rayon_engine_misplaced_aps{{reason="{ours.id}",store="corner"}} 0.98' in metrics
    assert f'rayon_engine_mute_aps{{reason="{ours.id}",store="corner"}} 1.0' in metrics
    assert MAC not in metrics + page
    said = words("en" if '<html lang="en' in page else "fr").sources
    assert said.interchanged.format(other="AP 7") in page
    assert said.mute in page
    assert said.stuck.partition("{level}")[2] in page
    assert (said.misplaced in page, said.misplaced in elsewhere) == (False, True)


@pytest.mark.parametrize("unit", FACTORS)
def test_ranges_that_are_left_aside_for_their_unit_are_named_with_it(site: Site, unit: str) -> None:
    with site.manager() as manager:
        said = {}
        for units in ({unit: 1.0}, {}):
            put_status(site.db, "corner", "engine", {"range_units": units}, time.time())
            page = html.unescape(manager.get("/health/sources/corner", headers={"Accept": "text/html"}).text)
            metric = f'rayon_engine_range_units{{reason="{unit}",store="corner"}} 1.0' in manager.get("/metrics").text
            said[bool(units)] = (page, manager.get("/health/sources/corner").json()["range_unit"], metric)
    texts = words("en" if '<html lang="en' in said[True][0] else "fr")
    sentence = texts.sources.range_unit.format(unit=texts.range_units[unit])
    assert [(sentence in page, name, metric) for page, name, metric in (said[True], said[False])] == [
        (True, unit, True),
        (False, "", False),
    ]


AP = "02:00:00:00:00:99"


@pytest.mark.parametrize(
    ("scope", "store", "named"),
    [
        ("manager", "corner", True),
        ("manager", "*", True),
        ("manager", "other", False),
        ("health", "corner", False),
        ("health", "*", False),
        ("till", "corner", False),
    ],
)
def test_an_unknown_access_point_is_named_to_managers_of_its_store(
    site: Site, scope: KeyScope, store: str, named: bool
) -> None:
    for each in ("corner", "other"):
        put_status(site.db, each, "engine", VALUES, time.time())
    put_status(site.db, "*", "engine", {"unknown_aps": {"corner": [AP, "ap 77"]}}, time.time())
    _, key = add_key(site.db, scope, time.time(), store=store)
    with site.client(Authorization=f"Bearer {key}") as client, site.client(Accept="text/html") as browser:
        said, ready = client.get("/health"), client.get("/health/ready").text
        metrics = client.get("/metrics").text
        browser.post("/manage/sign-in", data={"key": key})
        page = browser.get("/health").text
    seen = {c["store"]: c["values"].get("unknown_aps") for c in said.json().get("components", [])}
    assert (AP in said.text, AP in page) == (named, named)
    assert AP not in ready + metrics
    masked = {"corner": [MASK, "ap 77"]}
    expected = {"manager": {"corner": [AP, "ap 77"]}, "health": masked, "till": {}}[scope] if store != "other" else {}
    assert {s: names for s, names in seen.items() if names} == expected


def test_everybody_is_told_nothing_of_unknown_access_points(site: Site) -> None:
    put_status(site.db, "*", "engine", {"unknown_aps": {"corner": [AP]}}, time.time())
    put_status(site.db, "corner", "engine", VALUES, time.time())
    with site.client() as client, site.client(Accept="text/html") as browser:
        assert AP not in client.get("/health").text + client.get("/health/ready").text + browser.get("/health").text


def test_a_key_of_one_store_sees_that_store(site: Site) -> None:
    put_status(site.db, "corner", "engine", VALUES, time.time())
    put_status(site.db, "other", "engine", VALUES, time.time())
    _, key = add_key(site.db, "health", time.time(), store="other")
    with site.client(Authorization=f"Bearer {key}") as client:
        assert [c["store"] for c in client.get("/health").json()["components"]] == ["other"]
        assert client.get("/metrics").status_code == 401


def test_a_ledger_that_contradicts_itself_is_said_and_pages_are_served(site: Site, now: float) -> None:
    put_status(site.db, "corner", "engine", VALUES, now)
    of_tonight = time.time() - 40_000.0  # proved within 20 h: the site itself does not do so while the test runs
    put_status(site.db, "*", "ledger", {"entries": 3, "ledger_faults": {}}, of_tonight)
    with site.client() as client, site.manager() as manager:
        assert client.get("/health/ready").json()["reasons"] == []
        assert [c["fresh"] for c in manager.get("/health").json()["components"]] == [True, True]
        put_status(site.db, "*", "ledger", {"entries": 3, "ledger_faults": {"altered": 1}}, time.time())
        ready, seen = client.get("/health/ready"), manager.get("/health").json()
        page = manager.get("/health", headers={"Accept": "text/html"}).text
    assert (ready.status_code, ready.json()["reasons"]) == (200, [words("en").health.ledger_wrong])
    books = [c for c in seen["components"] if c["component"] == "ledger"]
    assert [(c["fresh"], c["values"]["ledger_faults"]) for c in books] == [(False, {"altered": 1})]
    assert words("fr").health_reasons["altered"] in html.unescape(page)
