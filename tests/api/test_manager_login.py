"""The managers' door: no key in an address, a link works once, a wrong key stays outside, guessing is slow."""

from __future__ import annotations

import html
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from api.cli.commands import build
from api.manager_login import SIGN_IN
from api.server import manager_link
from engine.errors import OperatorError
from engine.storage.keys import add_key, end_key
from engine.storage.sending.vapid_keys import PURPOSE, load_push_keys
from tests.api.site import SECRETS, Site, eventually
from tests.engine.runtime.made import FLOORPLANS

KEY = SECRETS.manager_key


def test_a_link_works_once_and_leaves_the_address(site: Site) -> None:
    link = manager_link(SECRETS, KEY, site.url).replace("/manage?", "/manage/corner?level=ground&")
    with site.client() as client, site.client() as late:
        answer = client.get(link)
        assert (answer.status_code, answer.headers["location"]) == (303, "/manage/corner?level=ground")
        assert client.get("/v1/stores/corner/campaigns").status_code == 200
        assert late.get(link).status_code == 401
        assert late.get(link[:-3] + "abc").status_code == 401
    assert KEY not in link


@pytest.fixture
def cli(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`rayon keys ...` of the same site: what it prints."""
    shutil.copytree(FLOORPLANS / "boutique", tmp_path / "plans" / "boutique")
    config = tmp_path / "config.yaml"
    raw = {
        "stores": {"floorplans_dir": str(tmp_path / "plans")},
        "storage": {"url": f"sqlite:///{tmp_path / 'rayon.db'}", "data_dir": str(tmp_path)},
    }
    config.write_text(yaml.safe_dump(raw))
    monkeypatch.setenv("RAYON_SITE_KEY", SECRETS.site_key.decode())

    def run(*words: str) -> str:
        done = CliRunner().invoke(build(), ["keys", *words, "--config", str(config)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout.strip()

    return run


def test_the_command_line_makes_a_link_for_a_key_that_it_does_not_know(site: Site, cli: Callable[..., str]) -> None:
    key_id, key = add_key(site.db, "manager", time.time(), store="corner")
    link = cli("link", key_id, "--url", f"{site.url}/")
    assert link.startswith(f"{site.url}/manage?link=")
    assert key not in link
    with site.client() as client, site.client() as late:
        assert client.get(link).status_code == 303
        assert client.get("/v1/stores/corner/campaigns").status_code == 200
        assert late.get(link).status_code == 401
        other = cli("link", key_id, "--url", site.url)
        end_key(site.db, key_id, time.time())
        eventually(lambda: client.get("/v1/stores/corner/campaigns").status_code == 401)
        assert late.get(other).status_code == 401


def test_and_for_no_other(site: Site, cli: Callable[..., str]) -> None:
    till, _ = add_key(site.db, "till", time.time())
    ended, _ = add_key(site.db, "manager", time.time())
    end_key(site.db, ended, time.time())
    for key_id, said in ((till, f"key {till} is of scope till"), (ended, f"key {ended} has ended"), ("x", "no key x")):
        with pytest.raises(OperatorError) as refused:
            cli("link", key_id)
        assert refused.value.problems[0].reason == said


def test_a_key_in_an_address_opens_nothing(site: Site) -> None:
    with site.client() as client:
        assert client.get("/manage", params={"key": KEY}).status_code == 401


def test_without_a_key_there_is_a_form(site: Site) -> None:
    with site.client() as client:
        page = client.get("/manage/corner")
        assert page.status_code == 401
        assert 'value="/manage/corner"' in page.text
        wrong = client.post(SIGN_IN, data={"key": "wrong", "to": "/manage/corner"})
        assert (wrong.status_code, "pas la bonne" in wrong.text) == (401, True)
        right = client.post(SIGN_IN, data={"key": KEY, "to": "/manage/corner"})
        assert (right.status_code, right.headers["location"]) == (303, "/manage/corner")


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/managed", "/manage.evil", "\\\\evil"])
def test_the_form_leads_nowhere_else(site: Site, to: str) -> None:
    with site.client() as client:
        answer = client.post(SIGN_IN, data={"key": KEY, "to": to})
    assert answer.headers["location"] == "/manage"


def test_guessing_is_slow_and_keeps_nobody_else_out(site: Site) -> None:
    with site.client() as client, site.client() as neighbour:
        statuses = [client.post(SIGN_IN, data={"key": f"guess-{i}"}).status_code for i in range(12)]
        assert statuses == [401] * 10 + [429] * 2
        assert neighbour.post(SIGN_IN, data={"key": KEY}).status_code == 303


def test_a_till_key_opens_no_reports(site: Site) -> None:
    with site.till() as client:
        assert client.get("/v1/stores/corner/campaigns").status_code == 401
        assert client.post(SIGN_IN, data={"key": SECRETS.till_key}).status_code == 401


def test_signing_out(site: Site) -> None:
    with site.client() as client:
        client.post(SIGN_IN, data={"key": KEY})
        client.post("/manage-sign-out")
        assert client.get("/v1/stores/corner/campaigns").status_code == 401


def test_a_key_of_one_store_opens_that_store(site: Site) -> None:
    _, here = add_key(site.db, "manager", time.time(), store="corner")
    _, elsewhere = add_key(site.db, "manager", time.time(), store="boutique")
    with site.client() as mine, site.client() as other:
        assert mine.post(SIGN_IN, data={"key": here}).status_code == 303
        assert mine.get("/manage").headers["location"] == "/manage/corner"
        assert mine.get("/v1/stores/corner/campaigns").status_code == 200
        assert other.post(SIGN_IN, data={"key": elsewhere}).status_code == 303
        assert other.get("/v1/stores/corner/campaigns").status_code == 404
        assert other.get("/v1/stores").json()["items"] == []
        assert other.get("/manage/corner").status_code == 404


def test_a_revoked_key_signs_its_browsers_out(site: Site) -> None:
    key_id, key = add_key(site.db, "manager", time.time())
    with site.client() as client:
        client.post(SIGN_IN, data={"key": key})
        assert client.get("/v1/stores").status_code == 200
        end_key(site.db, key_id, time.time())
        site.server.app.state.ctx.keys._looked_at = -10.0  # as five seconds later
        assert client.get("/v1/stores").status_code == 401
        assert client.post(SIGN_IN, data={"key": key}).status_code == 401


def test_the_command_line_shows_and_rotates_the_key_of_push(site: Site, cli: Callable[..., str]) -> None:
    seal = SECRETS.derive_key(PURPOSE)
    first = cli("push")
    assert first == load_push_keys(site.db, seal, time.time())[0].public
    assert cli("push") == first
    second = cli("push", "--rotate")
    assert [key.public for key in load_push_keys(site.db, seal, time.time())] == [second, first]


def test_a_link_to_a_period_leads_there_after_signing_in(site: Site) -> None:
    """Somebody was sent a page of figures: whoever signs in sees that page, and not all of today."""
    asked = "/manage/corner/zones?from=2026-03-02&to=2026-03-08&compare=previous&lang=en"
    with site.client() as browser:
        page = browser.get(asked)
        assert page.status_code == 401
        [to] = set(re.findall(r'name="to" value="([^"]*)"', page.text))  # of both forms
        assert html.unescape(to) == asked
        answer = browser.post("/manage/sign-in", data={"key": SECRETS.manager_key, "to": html.unescape(to)})
        assert (answer.status_code, answer.headers["location"]) == (303, asked)
