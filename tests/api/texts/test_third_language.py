"""Another language is one more file: dropped beside ours, it is offered, chosen by Accept-Language, and read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import api
from tests.clocks import patience_s

REPOSITORY = Path(api.__file__).parents[1]
CATALOGUE = """
me: {title: "Mijn pagina"}
front: {title: "Kies uw winkel"}
coupon_changes: {redeemed: "Gebruikt: u bespaarde {amount}"}
"""
ASK = """
import sys
import time
from pathlib import Path
from api.context import AppContext
from api.shoppers.messages import Messages
from api.shoppers.wallet.news import tell_change
from api.texts.catalogue import words
from api.texts.language import LANGUAGES, choose_language, language_of
from engine.config import ApiConfig, Config
from engine.records import WalletChange
from engine.storage.people.shoppers import get_shopper
from engine.storage.vouchers.channels import Outgoing
from engine.storage.vouchers.outbox import pending_for
from engine.vocabulary import Channel, WalletChangeKind
from tests.api.conftest import served
from tests.api.site import SECRETS, small_plan
assert LANGUAGES == ("fr", "en", "nl"), LANGUAGES
assert choose_language("nl-BE, fr;q=0.5") == "nl"
change = WalletChange(1, "s", "v", WalletChangeKind.REDEEMED, 1.0, 100, "EUR")
assert tell_change(change, "nl-NL").text.startswith("Gebruikt: u bespaarde")
url, config = f"sqlite:///{sys.argv[1]}/x.db", Config(api=ApiConfig(port=0))
with served(url, config, small_plan()) as site, site.client() as phone:
    page = phone.get("/me/offline", headers={"Accept-Language": "nl"})
    assert page.headers["content-language"] == "nl"
    assert "<title>Mijn pagina" in page.text and 'hreflang="nl"' in page.text
    assert words("en").me.past in page.text  # what is not translated yet
    who = site.sign_in(phone, locale="nl")
    voucher = site.issue(who, time.time())
    wording = Messages(AppContext(site.config, site.db, SECRETS, {site.plan.store: site.plan}))
    [row] = pending_for(site.db, who, Channel.PAGE, time.time())
    message, reader = Outgoing(row, "visit-1", time.time() + 60), get_shopper(site.db, who)
    assert "Green tea, 20% off" in wording.letter(message, reader, "t").subject  # campaigns are written in ours
    assert "Green tea, 20% off" in wording.push(message, reader, "t")["title"]
    assert "Green tea" in wording.by_gateway(message, reader, "t", Channel.SMS)["data"]["text"]
    assert 'offline?lang=nl' in phone.get("/sw.js").text
    shared = phone.post("/v1/me/shares", json={"voucher_id": voucher}).json()["url"].removeprefix(site.url)
    with site.client() as friend:
        site.sign_in(friend, locale="nl")
        taken = friend.post(f"{shared}/coupon?lang=nl").headers["location"]
        assert words("en").coupon.code_hint in friend.get(taken).text
    assert phone.get("/v1/me/shares").json()["items"][0]["title"] == "Green tea, 20% off"
    pages = ("/", "/w/corner", "/me", "/opt-out/corner", "/opt-out/corner/sign.pdf", "/notice/corner", "/accessibility")
    own = ("/me/data", "/me/points", "/me/card", "/me/identity", "/me/spots", "/v1/me/vouchers", "/v1/me/export")
    others = (shared, f"{shared}/picture.png", "/v1/me/receipt", "/v1/me/quiet", "/app.webmanifest")
    for path in (*pages, *own, *others):
        answer = phone.get(path, params={"lang": "nl"}, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:200])
"""


def test_one_more_catalogue_is_one_more_language(tmp_path: Path) -> None:
    """A copy of the package with a third file, which says three sentences; all others come in English."""
    shutil.copytree(REPOSITORY / "api", tmp_path / "api")  # with its times, so that what is compiled stays so
    (tmp_path / "api" / "texts" / "nl.yaml").write_text(CATALOGUE, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"}
    command = [sys.executable, "-c", ASK, str(tmp_path)]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=patience_s(120), check=False
    )
    if done.returncode:
        pytest.fail(done.stderr[-3000:])
