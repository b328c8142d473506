"""The sources page: what comes, how old, what is refused; which access points are silent, on the plan too."""

from __future__ import annotations

import time
from typing import Any

import pytest

from api.texts.catalogue import words
from api.texts.language import Language
from engine.storage.keys import add_key
from engine.storage.status import ENGINE, EVERY_STORE, put_status
from engine.vocabulary import ReadingRefusal, RecordRefusal
from tests.api.site import SECRETS, Site
from tests.clocks import HeldClock

MANAGER = {"Authorization": f"Bearer {SECRETS.manager_key}"}
QUIET: dict[str, Any] = {
    "kind": "native",
    "stores": ["corner"],
    "heard_at": 0.0,
    "newest_t": 0.0,
    "messages": 0,
    "readings": 0,
    "positions": 0,
    "sessions": 0,
    "rate_per_min": None,
    "refused": {},
}


def say(site: Site, now: float, points: dict[str, Any] | None = None, **sources: dict[str, Any]) -> None:
    unknown = {"corner": ["00:00:5e:00:53:ff"]}
    said = {name: QUIET | figures for name, figures in sources.items()}
    put_status(site.db, EVERY_STORE, ENGINE, {"sources": said, "unknown_aps": unknown}, now)
    put_status(site.db, "corner", ENGINE, {"clock_offsets_s": {"c1": 7.25}, "points": points or {}}, now)


@pytest.fixture
def now(site: Site, monkeypatch: pytest.MonkeyPatch) -> float:
    """The time by which ages are told: it stands, however long an answer takes."""
    clock = HeldClock(time.time())
    monkeypatch.setattr("api.health.sources.time", clock)
    return clock.now


def test_each_source_with_its_state(site: Site, now: float) -> None:
    say(
        site,
        now,
        c1={"heard_at": now - 1, "newest_t": now - 10.25, "messages": 9, "readings": 90, "rate_per_min": 540.0},
        c2={"heard_at": now - 600, "messages": 1, "readings": 5},
        c3={"heard_at": now - 1, "readings": 5, "refused": {"bad_rssi": 6}},
        c4={"heard_at": now - 1, "readings": 5, "refused": {"wired": 60}},
        c5={},
        other={"stores": ["elsewhere"]},
    )
    with site.client() as client:
        found = client.get("/health/sources/corner", headers=MANAGER).json()
    assert {s["name"]: s["state"] for s in found["sources"]} == {
        "c1": "live",
        "c2": "silent",
        "c3": "refused",
        "c4": "live",
        "c5": "never",
    }
    first = found["sources"][0]
    assert first["newest_age_s"] == pytest.approx(3.0), "by its clock as it is put right"
    assert (first["clock_offset_s"], first["rate_per_min"]) == (7.25, 540.0)
    assert found["unknown_access_points"] == ["00:00:5e:00:53:ff"]


def test_a_silent_access_point_is_red_on_the_plan(site: Site) -> None:
    now = time.time()
    for heard_at, alive in ((now - 2, True), (now - 3000, False), (0.0, False)):
        say(site, now, {"heard_at": [heard_at], "per_min": [12]})
        with site.client() as client:
            found = client.get("/health/sources/corner", headers=MANAGER).json()
            html = client.get("/health/sources/corner", headers=MANAGER | {"Accept": "text/html"}).text
        assert [p["alive"] for p in found["access_points"]] == [alive]
        assert [p["per_min"] for p in found["access_points"]] == [None]
        if heard_at:
            at = now - found["access_points"][0]["heard_age_s"]
            assert (at + 60.0) % 900.0 < 120.0, "when it was heard is when the one was near"
        assert ('stroke="#c2271c"' in html) is not alive


@pytest.mark.parametrize(("lang", "words"), [("fr", "niveau impossible"), ("en", "no possible level")])
def test_the_page_says_what_to_do(site: Site, lang: str, words: str) -> None:
    now = time.time()
    say(site, now, c3={"heard_at": now - 1, "readings": 5, "refused": {"bad_rssi": 6, "<b>": 1}})
    with site.client() as client:
        headers = MANAGER | {"Accept": "text/html", "Accept-Language": lang}
        html = client.get("/health/sources/corner", headers=headers).text
    assert words in html
    assert "<b>" not in html
    assert "macs" in html


@pytest.mark.parametrize(
    ("lang", "silent", "legend", "coarse"),
    [
        ("fr", "plus de 60", "20 minutes", "au dernier multiple de 15 minutes"),
        ("en", "than 60", "20 minutes", "as of the last full 15 minutes, however often it hears"),
    ],
)
def test_silent_and_the_rings_are_explained(site: Site, lang: str, silent: str, legend: str, coarse: str) -> None:
    headers = MANAGER | {"Accept": "text/html", "Accept-Language": lang}
    now = time.time()
    for age_s in (1, 600):
        say(site, now, c1={"heard_at": now - age_s, "readings": 1})
        with site.client() as client:
            html = client.get("/health/sources/corner", headers=headers).text.replace("\u00a0", " ")
        assert (silent in html) is (age_s == 600)
        assert legend in html
        assert coarse in html, "why what is heard each second is told as of minutes ago"


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_refusal_says_what_to_do(lang: Language) -> None:
    """What is to be done stands after a colon."""
    refusals = words(lang).refusals
    assert [code for code in {*ReadingRefusal, *RecordRefusal} if ":" not in refusals[code] and code not in PLAIN] == []


PLAIN = {"bad_rssi"}
"""Says it in a sentence of its own."""


def test_who_may_see_it(site: Site) -> None:
    say(site, time.time())
    _, key = add_key(site.db, "health", time.time(), store="corner")
    _, other = add_key(site.db, "health", time.time(), store="other")
    with site.client() as client:
        assert client.get("/health/sources/corner").status_code == 401
        assert client.get("/health/sources/nowhere", headers=MANAGER).status_code == 404
        seen = client.get("/health/sources/corner", headers={"Authorization": f"Bearer {key}"})
        assert seen.json()["unknown_access_points"] == ["xx:xx:xx:xx:xx:xx"]
        assert client.get("/health/sources/corner", headers={"Authorization": f"Bearer {other}"}).status_code == 404


def test_the_age_of_the_newest_reading_goes_on_while_nothing_comes(site: Site, now: float) -> None:
    say(site, now, c1={"heard_at": now - 30, "newest_t": now - 40}, c2={"heard_at": now, "newest_t": now + 9})
    put_status(site.db, "corner", ENGINE, {"late": 1234}, now)
    with site.client() as client:
        found = client.get("/health/sources/corner", headers=MANAGER).json()
        html = client.get("/health/sources/corner", headers=MANAGER | {"Accept": "text/html"}).text
    assert [s["newest_age_s"] for s in found["sources"]] == [pytest.approx(40.0), 0.0]
    assert found["late"] == 1234
    assert "1,234" in html or "1\u202f234" in html


def test_an_access_point_that_hangs_elsewhere_and_one_that_no_plan_has(site: Site) -> None:
    seems = {"level": "ground", "x_m": 4.0, "y_m": 5.5, "sigma_m": 1.2, "off_m": 6.0, "moved": True}
    unknown = {"00:00:5e:00:53:ff": {"mean_dbm": -61.4, "seems": ["ground", 4.0, 5.5, 1.2, 0.0, False]}}
    now = time.time()
    say(site, now, {"heard_at": [now], "per_min": [12], "seem": [list(seems.values())], "unknown": unknown})
    with site.client() as client:
        found = client.get("/health/sources/corner", headers=MANAGER).json()
        html = client.get("/health/sources/corner", headers=MANAGER | {"Accept": "text/html"}).text
    assert found["access_points"][0]["seems"] == seems
    [one] = found["unknown_places"]
    assert (one["name"], one["mean_dbm"]) == ("00:00:5e:00:53:ff", -61.4)
    assert one["feature"]["geometry"]["coordinates"] == [4.0, 5.5]
    assert one["feature"]["properties"]["feature_type"] == "access_point"
    words = html.replace("\u00a0", " ").replace("\u202f", " ").replace(",", ".")
    assert "6.0 m" in words
    assert "± 1.2 m" in words
    assert "-61" in words or "\u221261" in words


@pytest.mark.parametrize("path", ["/health/sources/corner", "/health/cluster"])
def test_a_browser_of_nobody_is_asked_to_sign_in_and_comes_back(site: Site, path: str) -> None:
    """It was told that this had not worked, and to go back."""
    with site.client() as client:
        assert client.get(path).json()["code"] == "unauthorized"
        asked = client.get(path, headers={"Accept": "text/html"})
        assert (asked.status_code, f'name="to" value="{path}"' in asked.text) == (401, True)
        given = {"key": SECRETS.manager_key, "to": path}
        entered = client.post("/manage/sign-in", data=given, headers={"Origin": str(client.base_url)})
        assert (entered.status_code, entered.headers["location"]) == (303, path)


def test_who_does_not_manage_sees_no_name_of_an_unknown_one(site: Site) -> None:
    unknown = {"00:00:5e:00:53:ff": {"mean_dbm": -61.4, "seems": ["ground", 4.0, 5.5, 1.2, 0.0, False]}}
    say(site, time.time(), {"heard_at": [0.0], "per_min": [0], "seem": [None], "unknown": unknown})
    _, key = add_key(site.db, "health", time.time(), store="corner")
    with site.client() as client:
        for path in ("/health/sources/corner", "/health"):
            text = client.get(path, headers={"Authorization": f"Bearer {key}"}).text
            assert "53:ff" not in text
