"""The wallet in a real browser: without a network, without scripts, used at the till, muted and undone."""

from __future__ import annotations

import io
import re
import socket
import time

import httpx
import pytest
import zxingcpp
from PIL import Image
from selenium.webdriver import Chrome

from api.shoppers.wallet.app_files import version
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.vouchers import voucher_of
from tests.api.shoppers.test_pages import picture, sign_in
from tests.api.site import Site, basket, campaign, code_of, eventually
from tests.browser import ask, chromium, click, complaints, shown, texts, wait_for, wait_until
from tests.browsers.axe import violations

__all__ = ["chromium"]
pytestmark = pytest.mark.e2e
AIRPLANE = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
CONTROLLED = "return navigator.serviceWorker.controller?.state === 'activated'"
KEPT = """
const done = arguments[0];
const asked = indexedDB.open("rayon", 1);
asked.onsuccess = () => {
  const read = asked.result.transaction("wallet").objectStore("wallet").get("now");
  read.onsuccess = () => { asked.result.close(); done(read.result ? read.result.items.length : 0); };
};
"""
CACHES = "caches.keys().then(arguments[0])"
KEPT_MUTES = KEPT.replace("read.result.items", "(read.result.quiet?.muted ?? [])")


def receive(site: Site, browser: Chrome, campaign_id: str = "tea-20") -> tuple[str, str]:
    """Signed in, one coupon on the page and acknowledged: the shopper and the voucher."""
    shopper = sign_in(browser, site)
    voucher = site.issue(shopper, time.time(), campaign_id)
    wait_for(browser, ".coupon h3")
    eventually(lambda: voucher_of(site.db, voucher, shopper).voucher.state == "seen")
    return shopper, voucher


def use(site: Site, voucher: str) -> httpx.Response:
    with site.till() as till:
        said = {"store": "corner", "till": "1", "code": code_of(voucher), "basket": basket()}
        return till.post("/v1/till/redeem", json=said, headers={"Idempotency-Key": "k" * 32})


def scanned(browser: Chrome) -> list[str]:
    """What a scanner reads from a screenshot."""
    with Image.open(io.BytesIO(browser.get_screenshot_as_png())) as shot:
        return [found.text for found in zxingcpp.read_barcodes(shot.convert("L"))]


OLDER = """
const done = arguments[0];
const asked = indexedDB.open("rayon", 1);
asked.onsuccess = () => {
  const wallets = asked.result.transaction("wallet", "readwrite").objectStore("wallet");
  wallets.get("now").onsuccess = (read) => {
    const { store, name, items, lang } = read.target.result;
    wallets.put({ store, name, items, lang, me: { points: 3 }, quiet: {} }, "now").onsuccess = () => done(true);
  };
};
"""


def test_what_was_received_is_there_without_a_network(site: Site, chromium: Chrome) -> None:
    """No server, airplane mode, the page opened anew: coupon, digits, a countdown that runs, and a QR that a scanner
    reads."""
    put_campaign(site.db, site.plan.store, campaign(valid_s=1800.0))
    _, voucher = receive(site, chromium)
    wait_until(chromium, lambda: ask(chromium, CONTROLLED), "the service worker")
    wait_until(chromium, lambda: chromium.execute_async_script(KEPT) == 1, "the coupon kept")
    click(chromium, "[data-mute=product]")
    wait_for(chromium, "#muted li", "Thé vert")
    wait_until(chromium, lambda: chromium.execute_async_script(KEPT_MUTES) == 1, "what is muted kept")
    site.server.stop()
    chromium.execute_cdp_cmd("Network.enable", {})
    chromium.execute_cdp_cmd("Network.emulateNetworkConditions", AIRPLANE)
    assert ask(chromium, "return navigator.onLine") is False
    chromium.get(f"{site.url}/me?lang=fr")
    card = f"#v-{voucher}"
    wait_for(chromium, f"{card} h3", "Le thé vert")
    wait_for(chromium, "#without_network", "Pas de réseau")
    assert "Thé vert" in texts(chromium, "#muted li")[0], "not: nothing is muted"
    assert ask(chromium, f"return document.querySelector('{card} .share').disabled"), "it needs the server"
    assert texts(chromium, f"{card} .digits")[0].replace(" ", "") == code_of(voucher)
    ask(chromium, f"document.querySelector('{card} .qr').scrollIntoView({{block: 'center'}})")
    [said] = scanned(chromium)
    assert said.split(":")[:2] == ["R1", code_of(voucher)], "signed, for tills without a network"
    before = texts(chromium, f"{card} .left")[0]
    assert re.fullmatch(r"Encore [12]?\d:\d\d", before), before  # of half an hour
    wait_until(chromium, lambda: texts(chromium, f"{card} .left")[0] != before, "the countdown runs")
    picture(chromium, "me-without-network")
    chromium.get(f"{site.url}/me/card?lang=fr")  # the first link of the page: the browser's own error came of it
    wait_for(chromium, f"{card} h3", "Le thé vert")
    assert chromium.current_url == f"{site.url}/me?lang=fr"


def test_a_network_that_says_nothing_hides_no_coupon(site: Site, chromium: Chrome) -> None:
    """Connections are taken and never answered, as by a shop's Wi-Fi without its line: the page waited for what the
    server says of push, with the coupon on the phone."""
    _, voucher = receive(site, chromium)
    wait_until(chromium, lambda: ask(chromium, CONTROLLED), "the service worker")
    wait_until(chromium, lambda: chromium.execute_async_script(KEPT) == 1, "the coupon kept")
    site.server.stop()
    with socket.create_server(("127.0.0.1", int(site.url.rpartition(":")[2]))):
        chromium.get(f"{site.url}/me?lang=fr")
        wait_for(chromium, f"#v-{voucher} .digits")


def test_points_say_where_they_come_from_and_a_pause_is_seen(site: Site, chromium: Chrome) -> None:
    _, voucher = receive(site, chromium)
    with site.client() as mine, site.client(**{"User-Agent": "Mozilla/5.0 (a friend)"}) as friend:
        for cookie in chromium.get_cookies():
            mine.cookies.set(cookie["name"], cookie["value"])
        friend.get(mine.post("/v1/me/shares", json={"voucher_id": voucher}).json()["url"])
        mine.put("/v1/me/rights", json={"restricted": True})
    chromium.get(f"{site.url}/me?lang=en")
    wait_for(chromium, "#paused", "Everything is paused since")
    click(chromium, "#points_from summary")
    wait_for(chromium, "#brought li", "A friend opened the link on")
    wait_for(chromium, "#moves li", "Link opened by a friend")
    assert ask(chromium, "return document.getElementById('often').disabled"), "it would do nothing"
    assert not ask(chromium, "return document.querySelector('#consents input').disabled"), "a no is always heard"
    assert complaints(chromium) == []


def test_used_at_the_till_is_said_at_once(site: Site, chromium: Chrome) -> None:
    """What was saved, the coupon among the earlier ones, and nothing of it kept for offline."""
    _, voucher = receive(site, chromium)
    assert use(site, voucher).status_code == 200
    wait_for(chromium, "#toast", "Utilisé : vous avez économisé 0,99 €")
    wait_for(chromium, f"#past [data-voucher='{voucher}']", "Économisé : 0,99 €")
    assert not shown(chromium, ".coupon")
    wait_until(chromium, lambda: chromium.execute_async_script(KEPT) == 0, "nothing kept")
    picture(chromium, "me-used")
    assert complaints(chromium) == []


def test_muted_from_the_coupon_and_undone_from_the_list(site: Site, chromium: Chrome) -> None:
    receive(site, chromium)
    card = ".coupon"
    assert texts(chromium, f"{card} [data-mute]") == [
        "Plus ce produit",
        "Plus cette catégorie",
        "Pas dans ce magasin",
        "Tout couper",
    ]
    click(chromium, f"{card} [data-mute=category]")
    wait_for(chromium, "#muted li", "Catégorie : Thés & cafés")
    wait_for(chromium, "#messages", "1 coupon reçu ces sept jours")
    picture(chromium, "me-muted")
    click(chromium, "#muted li button")
    wait_for(chromium, "#none_muted", "Rien n'est en sourdine")


def test_a_coupon_says_what_it_costs_and_where_it_stands(site: Site, chromium: Chrome) -> None:
    """Price before and after as the till will have it, the aisle, a picture."""
    receive(site, chromium)
    assert texts(chromium, ".coupon .prices s") == ["4,99 €"]
    assert texts(chromium, ".coupon .prices b") == ["4,00 €"]
    assert texts(chromium, ".coupon .where") == ["Rayon Thés & cafés"]
    assert shown(chromium, ".coupon .picture svg path")


def test_the_wallet_without_scripts(site: Site, chromium: Chrome) -> None:
    """Coupon, digits and QR stand in the page; what was shown that way counts as delivered."""
    shopper = sign_in(chromium, site)
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    voucher = site.issue(shopper, time.time())
    chromium.get(f"{site.url}/me?lang=en")
    eventually(lambda: voucher_of(site.db, voucher, shopper).voucher.state == "seen")
    page = chromium.page_source
    assert "Without JavaScript" in page
    assert " ".join([code_of(voucher)[i : i + 4] for i in (0, 4, 8)]) in page
    picture(chromium, "me-without-scripts")


def test_an_expired_sign_in_leads_to_what_the_phone_kept(site: Site, chromium: Chrome) -> None:
    """The cookie is gone: the page says that nobody is signed in, and the coupon is one tap away."""
    _, voucher = receive(site, chromium)
    wait_until(chromium, lambda: chromium.execute_async_script(KEPT) == 1, "the coupon kept")
    chromium.delete_all_cookies()
    chromium.get(f"{site.url}/me?lang=fr")
    click(chromium, "#kept a")
    wait_for(chromium, "#signed_out", "Vous n'êtes plus connecté")
    assert texts(chromium, f"#v-{voucher} .digits")[0].replace(" ", "") == code_of(voucher)


FORBIDDEN = """
Object.defineProperty(self, "indexedDB", { get: () => { throw new DOMException("no", "SecurityError"); } });
"""


def test_a_phone_that_keeps_nothing_says_so_and_works(site: Site, chromium: Chrome) -> None:
    """Storage is forbidden: the coupon is on the page all the same, with words about what that means."""
    chromium.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": FORBIDDEN})
    receive(site, chromium)
    wait_for(chromium, "#not_kept", "Ce téléphone ne garde rien")
    assert complaints(chromium) == []


@pytest.mark.parametrize("off_h", [-5, 7])
def test_a_wrong_clock_changes_no_countdown(site: Site, chromium: Chrome, off_h: int) -> None:
    """A phone hours ahead or behind shows the coupon for as long as the store does, and says so of its clock."""
    script = f"const real = Date.now.bind(Date); Date.now = () => real() + {off_h} * 3600000;"
    chromium.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
    receive(site, chromium)
    assert re.match(r"Encore (1 h \d\d min|2 h)", texts(chromium, ".left")[0]), "of two hours"
    assert shown(chromium, "#wrong_clock")


def test_a_full_phone_says_so_and_works(site: Site, chromium: Chrome) -> None:
    """No byte is left for this site: neither worker nor coupon is kept, and the coupon is on the page all the same."""
    chromium.execute_cdp_cmd("Storage.overrideQuotaForOrigin", {"origin": site.url, "quotaSize": 1})
    receive(site, chromium)
    wait_for(chromium, "#not_kept", "Ce téléphone ne garde rien")
    assert texts(chromium, ".coupon .digits")


def test_an_older_version_goes_and_the_coupons_stay(
    site: Site, chromium: Chrome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker of the version before has the page; the next visit brings the new one, which throws the old cache away
    and no coupon, also where the page kept it in another form than today's."""
    with monkeypatch.context() as before:
        before.setattr("api.shoppers.wallet.app_files.version", lambda: "0123456789abcdef")
        _, voucher = receive(site, chromium)
        wait_until(chromium, lambda: ask(chromium, CONTROLLED), "the service worker")
        wait_until(chromium, lambda: chromium.execute_async_script(KEPT) == 1, "the coupon kept")
        assert "rayon-0123456789abcdef" in chromium.execute_async_script(CACHES)
    chromium.get(f"{site.url}/me?lang=fr")
    kept = [f"rayon-{version()}"]  # beside it, perhaps, in which language the page was read
    wait_until(
        chromium,
        lambda: [n for n in chromium.execute_async_script(CACHES) if n != "rayon-reader"] == kept,
        "only the new cache",
    )
    wait_until(chromium, lambda: ask(chromium, CONTROLLED), "the new worker")
    wait_for(chromium, f"#v-{voucher} .digits")
    site.server.stop()
    assert chromium.execute_async_script(OLDER), "and what is kept says the rest in another way"
    chromium.get(f"{site.url}/me?lang=fr")
    wait_for(chromium, f"#v-{voucher} .digits")


def test_what_is_valid_for_months_says_its_last_day(site: Site, chromium: Chrome) -> None:
    """A coupon that points bought said that it was valid for 2,159 hours. Tried on the page's own script, with a coupon
    of long from now."""
    receive(site, chromium)
    code = """
    const done = arguments[arguments.length - 1];
    Promise.all([import("/static/coupon.js"), fetch("/v1/me/vouchers?lang=fr").then((r) => r.json())])
      .then(([coupon, said]) => {
        const one = { ...said.items[0], expires_at: "2027-02-27T10:00:00Z" };
        const card = coupon.couponCard(one, {});
        card.tick(Date.parse("2026-11-29T10:00:00Z"));
        const far = card.querySelector(".left").textContent;
        card.tick(Date.parse("2027-02-27T08:30:00Z"));
        done([far, card.querySelector(".left").textContent]);
      }).catch((e) => done([String(e)]));
    """
    far, near = chromium.execute_async_script(code)
    assert (far, near.replace("\u00a0", " ")) == ("Valable jusqu'au 27 févr. 2027", "Encore 1 h 30 min")


def kept_for_the_web(site: Site, shopper: str) -> str:
    """A coupon that may be kept for later, given just now."""
    lasting = campaign("lasting", channels=["store", "web"], web_valid_s=30 * 86_400.0)
    put_campaign(site.db, "corner", lasting, time.time())
    return site.issue(shopper, time.time(), "lasting")


def test_a_coupon_is_kept_for_later_on_the_web(site: Site, chromium: Chrome) -> None:
    shopper = sign_in(chromium, site)
    voucher = kept_for_the_web(site, shopper)
    wait_for(chromium, f"#v-{voucher} .later", "Garder pour le web")
    chromium.get(f"{site.url}/me?lang=fr")  # a card that was there before does not fade in
    wait_for(chromium, f"#v-{voucher} .later")
    assert violations(chromium) == []
    click(chromium, f"#v-{voucher} .later")
    wait_until(chromium, lambda: not chromium.find_elements("css selector", ".later"), "the button gone")
    wait_for(chromium, f"#v-{voucher} .left", "Valable jusqu'au")
    wait_for(chromium, "#toast:not([hidden])")
    assert voucher_of(site.db, voucher, shopper).voucher.expires_at > time.time() + 29 * 86_400


def test_without_scripts_it_is_kept_by_a_form(site: Site) -> None:
    with site.client() as phone, site.client() as stranger:
        shopper = site.sign_in(phone)
        voucher, other = kept_for_the_web(site, shopper), site.issue(shopper, time.time())
        form = f"/me/coupons/{voucher}/keep?lang=en"
        page = phone.get("/me?lang=en").text
        assert f'action="{form}"><button>Keep for the web until ' in page
        assert f"/me/coupons/{other}/keep" not in page
        assert stranger.post(form).status_code == 401
        assert phone.post(f"/me/coupons/{other}/keep?lang=en").status_code == 409
        assert phone.post(form).headers["location"] == "/me?lang=en"
        assert form not in phone.get("/me?lang=en").text
        assert voucher_of(site.db, voucher, shopper).voucher.expires_at > time.time() + 29 * 86_400
