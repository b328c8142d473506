"""The managers' pages in a real browser, on a real server in its own process (NiceGUI keeps state in globals)."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from selenium.webdriver import Chrome

from api.app import create_app
from api.context import AppContext
from api.managers.pages import ManagerPages
from api.managers.reports import hour_of_day
from api.server import manager_link
from engine.config import Config
from engine.plan.load import load_plans
from engine.presence.heat import HeatRow, ZoneHourRow
from engine.storage.database import Database, open_database
from engine.storage.journal import save_checkpoint
from engine.storage.status import put_status
from tests.api.managers.site import FLOORPLANS, SECRETS, busy_now, opening_hour, serving
from tests.brokers import free_port
from tests.browser import click, complaints, content, shown, texts, wait_for, wait_until
from tests.clocks import patience_s
from tests.forked import Rayon, rayon

ROOT = Path(__file__).parents[3]
KEY = SECRETS.manager_key
SITE = "import sys; from tests.api.managers.site import main; main(*sys.argv[1:])"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    """The address of a running site with two days of counts up to now."""
    url = f"http://127.0.0.1:{free_port()}"
    process = Rayon(str(folder), url.rsplit(":", 1)[1], out=folder / "log", cwd=ROOT, program=SITE)
    try:
        _wait_until_up(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(60)
    written = (folder / "log").read_text()
    assert "Traceback" not in written, written


def _wait_until_up(url: str, process: Rayon, log: Path) -> None:
    began = time.monotonic()
    while True:
        try:
            httpx.get(f"{url}/v1/stores", trust_env=False, timeout=60)
            return
        except httpx.TransportError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() - began < patience_s(120), log.read_text()
            time.sleep(0.1)


@pytest.fixture
def browser(chromium: Chrome, site: str) -> Chrome:
    """Chromium as wide as an office screen, signed in as the manager."""
    desk = {"width": 1440, "height": 1500, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", desk)
    chromium.get(manager_link(SECRETS, KEY, site))
    return chromium


def press(browser: Chrome, label: str) -> None:
    """Clicks a button or an option of an open list."""
    click(browser, "button, [role=option]", label, exact=True)


def drawn(browser: Chrome, name: str) -> bool:
    """Whether the plan has that name on it."""
    return name in content(browser, ".r-plan svg")


def headline(browser: Chrome) -> str:
    """The line above where it is hot; "" while there is none."""
    return "".join(texts(browser, ".r-kicker")[:1])


@pytest.mark.e2e
def test_one_glance_says_where_it_is_hot(browser: Chrome, site: str, folder: Path) -> None:
    say_something(folder)
    wait_for(browser, ".r-stores b")
    assert texts(browser, ".r-stores b") == ["Boutique Rayon", "Supermarché Rayon"]
    assert "Nouveautés" in texts(browser, ".r-stores .r-chip")
    click(browser, "a", "Supermarché Rayon")
    wait_until(browser, lambda: drawn(browser, "Boulangerie"), "the plan")
    chips = texts(browser, ".r-chip")
    assert "Boulangerie" in chips
    assert "Cave" not in chips
    assert shown(browser, ".r-plan svg .hot")
    assert "zone chaude" in texts(browser, ".r-zone.r-hot .r-badge")
    wait_for(browser, ".r-live", "en direct")
    wait_until(browser, lambda: "≥ 40" in texts(browser, ".r-count b"), "41 phones, in steps of 20")
    assert "coupon émis" in texts(browser, ".r-reasons .r-name")
    wait_for(browser, ".r-chart canvas")
    loaded = browser.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert len(loaded) > 10
    assert [name for name in loaded if not name.startswith((site, "data:"))] == []
    assert complaints(browser) == []


@pytest.mark.e2e
def test_the_page_follows_the_store_without_being_reloaded(browser: Chrome, site: str, folder: Path) -> None:
    browser.get(f"{site}/manage/supermarket")
    wait_for(browser, ".r-chip")
    assert "Cave" not in texts(browser, ".r-chip")
    browser.execute_script("window.same = true")
    crowd_in_the_cellar(folder)
    wait_until(browser, lambda: "Cave" in texts(browser, ".r-chip"), "Cave among the hot ones")
    assert browser.execute_script("return window.same") is True


def say_something(folder: Path) -> None:
    """What the engine does every few seconds."""
    db = open_database(f"sqlite:///{folder}/rayon.db")
    put_status(db, "supermarket", "engine", {"devices": 41}, time.time())
    db.close()


def crowd_in_the_cellar(folder: Path) -> None:
    """What a checkpoint of the engine would write if half the town stood in the wine section."""
    plan = load_plans(FLOORPLANS)["supermarket"]
    zone = next(z for z in plan.zones if z.name == "Cave")
    hour = time.time() // 3600 * 3600
    x0, y0, x1, y1 = (int(v) for v in zone.polygon.bounds)
    heat = [HeatRow(hour, zone.level, c, r, 9e3, 3e3) for c in range(x0, x1) for r in range(y0, y1)]
    db = open_database(f"sqlite:///{folder}/rayon.db")
    save_checkpoint(db, "supermarket", 0, b"", heat, [ZoneHourRow(hour, zone.id, 1e5, 50, 1e5, 40.0)], [], time.time())
    db.close()


@pytest.mark.e2e
def test_level_span_hour_and_language_are_chosen(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/manage/boutique?lang=en")
    wait_until(browser, lambda: drawn(browser, "Nouveautés"), "the ground floor")
    assert not drawn(browser, "Cabines")
    press(browser, "Étage")
    wait_until(browser, lambda: drawn(browser, "Cabines"), "the upper floor")
    press(browser, "Yesterday")
    wait_until(browser, lambda: "Hot zones ·" in headline(browser), "a headline of yesterday")
    click(browser, ".q-select")
    press(browser, "{:02d}:00 – {:02d}:00".format(*closed_hour()))
    quiet = ["Not enough data yet to say where it is hot"]
    wait_until(browser, lambda: texts(browser, ".r-quiet") == quiet, "no evidence")
    assert set(texts(browser, ".r-zone .r-badge")) == {"not enough data"}
    press(browser, "7 days")
    wait_until(browser, lambda: "7 days" in headline(browser), "a headline of the week")
    assert texts(browser, ".r-lang [aria-current]") == ["EN"]


def closed_hour() -> tuple[int, int]:
    """An hour of yesterday, in the store's time, when it was closed."""
    plan, now = load_plans(FLOORPLANS)["boutique"], time.time()
    hours = range(1, 24)
    hour = next(h for h in hours if opening_hour(hour_of_day(plan, now, 1, h)[0], busy_now(now)) in (1, 2, 3))
    return hour, hour + 1


@pytest.mark.parametrize(
    ("query", "header", "lang", "html_lang", "word"),
    [
        ("", "", "fr", "fr", "Zones chaudes maintenant"),
        ("", "en-GB,fr;q=0.5", "en", "en-GB", "Hot zones now"),
        ("?lang=fr", "en", "fr", "fr", "Zones chaudes maintenant"),
    ],
)
def test_the_pages_heed_the_browsers_language(
    site: str, query: str, header: str, lang: str, html_lang: str, word: str
) -> None:
    with httpx.Client(base_url=site, trust_env=False, headers={"Accept-Language": header}, timeout=60) as manager:
        manager.post("/manage/sign-in", data={"key": KEY})
        board, stores, nowhere = (manager.get(f"/manage{path}{query}") for path in ("/boutique", "/", "/nowhere"))
    assert word in board.text
    for page, tag in ((board, html_lang), (stores, html_lang), (nowhere, lang)):
        assert f'<html lang="{tag}"' in page.text
        assert (page.headers["content-language"], page.headers["vary"]) == (lang, "Accept-Language")
    assert (nowhere.status_code, f'href="/manage?lang={lang}"' in nowhere.text) == (404, True)


def test_the_pages_are_for_managers(site: str) -> None:
    with httpx.Client(base_url=site, trust_env=False, follow_redirects=True, timeout=60) as visitor:
        for path in ("/manage", "/manage/supermarket", "/manage/_nicegui_ws/socket.io/?EIO=4&transport=polling"):
            response = visitor.get(path)
            assert response.status_code == 401
            assert "Supermarché" not in response.text
        visitor.post("/manage/sign-in", data={"key": KEY}, follow_redirects=False)
        assert visitor.get("/manage/nowhere").status_code == 404
        assert visitor.get("/manage/supermarket").status_code == 200


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path}/rayon.db")
    yield opened
    opened.close()


async def connect(pages: ManagerPages, headers: dict[str, str]) -> list[dict[str, Any]]:
    """What a page's socket is answered."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "websocket", "path": "/manage/_nicegui_ws/socket.io/", "headers": raw, "query_string": b""}
    await pages(scope, receive, send)
    return sent


def test_a_socket_without_the_cookie_is_closed(db: Database) -> None:
    pages = ManagerPages(FastAPI(), AppContext(Config(), db, SECRETS, {}))
    for headers in ({}, {"cookie": "rayon_manager=forged", "origin": "http://shop", "host": "shop"}):
        (message,) = asyncio.run(connect(pages, headers))
        assert (message["type"], message["code"]) == ("websocket.close", 4401)


def test_a_socket_of_another_site_is_closed_even_with_the_cookie(db: Database) -> None:
    app = create_app(Config(), db, SECRETS, {}, start_delivery=False)
    with serving(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as manager:
        manager.post("/manage/sign-in", data={"key": KEY})
        cookie = f"rayon_manager={manager.cookies['rayon_manager']}"
    pages = ManagerPages(app, app.state.ctx)
    (message,) = asyncio.run(connect(pages, {"cookie": cookie, "origin": "http://evil", "host": "shop"}))
    assert message["code"] == 4401


def test_without_nicegui_the_page_says_what_to_install(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nicegui", None)  # as where it is not installed
    app = create_app(Config(), db, SECRETS, {}, start_delivery=False)
    with serving(app) as url, httpx.Client(base_url=url, trust_env=False, follow_redirects=True, timeout=60) as manager:
        response = manager.post("/manage/sign-in", data={"key": KEY})
    assert response.status_code == 501
    assert 'pip install "rayon[manager]"' in response.text


TWICE = """
import sys, httpx
from api.app import create_app
from engine.config import Config
from engine.plan.load import load_plans
from engine.storage.database import open_database
from tests.api.managers.site import FLOORPLANS, SECRETS, busy_now, opening_hour, serving

db = open_database(f"sqlite:///{sys.argv[1]}/rayon.db")
for _ in range(2):
    app = create_app(Config(), db, SECRETS, load_plans(FLOORPLANS), start_delivery=False)
    other = create_app(Config(), db, SECRETS, load_plans(FLOORPLANS), start_delivery=False)
    manager = httpx.Client(trust_env=False, follow_redirects=True, timeout=60)
    with serving(app) as url, serving(other) as busy, manager:
        for address in (url, busy):
            asked = {"key": SECRETS.manager_key, "to": "/manage/boutique"}
            print(manager.post(f"{address}/manage/sign-in", data=asked).status_code)
db.close()
"""


def test_one_process_serves_one_site_after_the_other_but_not_two_at_once(tmp_path: Path) -> None:
    done = rayon(ROOT, tmp_path, program=TWICE)
    assert done.stdout.split() == ["200", "503", "200", "503"], done.stderr
    assert "Traceback" not in done.stderr
