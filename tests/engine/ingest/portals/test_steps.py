"""What a phone's browser is told to do, against figures worked out from the vendors' own recipes."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from engine.ingest.portals.landing import Landing, land
from engine.ingest.portals.parse import SYSTEMS, parse
from engine.ingest.portals.records import BrowserStep, GuestAccount, Onward, PortalTold
from engine.ingest.portals.systems.chilli import chap_response, pap_password
from engine.ingest.portals.systems.extreme import approve, canonical, sign
from engine.ingest.portals.systems.forms import mikrotik_chap
from engine.ingest.portals.systems.opennds import gateway_hash, return_token
from tests.engine.ingest.portals.test_redirects import RECORDED, read

ACCOUNT = GuestAccount("guest", "pass word", "uam-secret")
ONWARD = Onward("https://shop.example/w/corner/online", 3600)
CHALLENGE = bytes.fromhex("00112233445566778899aabbccddeeff")


def step(name: str, account: GuestAccount = ACCOUNT) -> BrowserStep:
    """The browser's step from a recorded redirect."""
    landing = read(RECORDED[name]).landing
    system = next(s for s in SYSTEMS.values() if s.matches(landing))
    assert system.step is not None
    return system.step(landing, account, ONWARD)


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def test_meraki_s_grant_goes_on_to_our_page_for_an_hour() -> None:
    found = step("meraki-click-through")
    assert found.url.startswith("https://n1.network-auth.com/splash/grant?")
    assert query(found.url) == {"continue_url": ONWARD.url, "duration": "3600"}


def test_a_password_for_coovachilli_opens_with_the_secret_alone() -> None:
    """As hotspotlogin has it: exclusive or with MD5(challenge, secret); the zero byte ends it."""
    sent = bytes.fromhex(query(step("coovachilli").url)["password"])
    key = hashlib.md5(CHALLENGE + b"uam-secret").digest()
    assert bytes(a ^ b for a, b in zip(sent, key, strict=False)) == b"pass word\0"
    long = pap_password(CHALLENGE, "x" * 40, "s")
    assert len(long) == 82  # the key goes round


def test_without_a_secret_coovachilli_gets_chap() -> None:
    sent = query(step("coovachilli", GuestAccount("guest", "pass word")).url)
    assert sent["response"] == hashlib.md5(b"\0pass word" + CHALLENGE).hexdigest()
    assert sent["response"] == chap_response(CHALLENGE, "pass word", "")
    assert "password" not in sent


def test_mikrotik_s_chap_reads_its_octal_bytes() -> None:
    r"""MD5(id, password, challenge), the id `\251` being the one byte 0xa9."""
    wanted = hashlib.md5(b"\xa9" + b"pw" + bytes([0o11, 0o373, 0o54])).hexdigest()
    assert mikrotik_chap(r"\251", r"\011\373\054", "pw") == wanted


def test_mikrotik_without_chap_gets_the_password_in_a_form() -> None:
    found = step("mikrotik-post")
    assert (found.method, found.url) == ("POST", "http://10.1.0.1/login")
    assert dict(found.fields) == {"username": "guest", "password": "pass word", "dst": ONWARD.url, "popup": "false"}


@pytest.mark.parametrize("name", ["opennds-level1", "opennds-level2"])
def test_opennds_gets_the_hash_of_identity_and_key(name: str) -> None:
    found = step(name)
    assert found.url.startswith("http://192.168.1.1:2050/opennds_auth/?")
    assert query(found.url)["tok"] == hashlib.sha256(("ab" * 32 + "uam-secret").encode()).hexdigest()
    assert return_token("ab" * 32, "uam-secret") == query(found.url)["tok"]


def test_opennds_level_0_and_nodogsplash_get_their_token_back() -> None:
    assert query(step("opennds-level0").url) == {"tok": "8bb6cb23", "redir": ONWARD.url}
    assert query(step("nodogsplash").url) == {"tok": "a891", "redir": ONWARD.url}
    assert gateway_hash(" openNDS Node ") == hashlib.sha256(b"openNDS Node").hexdigest()


def test_extreme_s_approval_is_signed_as_its_redirect_is() -> None:
    """What the controller would check, by the same recipe that a captured redirect holds to."""
    found = approve(read(RECORDED["extreme-signed"]).landing, "CORNER", ACCOUNT, ONWARD, 1_800_000_000.0)
    signed, _, signature = found.url.partition("&X-Amz-Signature=")
    request = canonical("/ext_approval.php", signed.partition("?")[2], "hwc.example")
    assert signature == sign("uam-secret", "20270115T080000Z", "20270115/world/ecp/aws4_request", request)
    assert query(found.url)["token"] == "a!b!!"


FORMS = {
    "meraki-sign-on": {"username": "guest", "password": "pass word", "success_url": ONWARD.url},
    "aruba": {"user": "guest", "password": "pass word", "cmd": "authenticate", "url": ONWARD.url},
    "cisco": {"username": "guest", "password": "pass word", "buttonClicked": "4", "redirect_url": ONWARD.url},
    "fortinet": {"username": "guest", "password": "pass word", "magic": "00ff"},
    "cambium": {"ga_user": "guest", "ga_pass": "pass word"},
    "ruckus-unleashed": {"username": "guest", "password": "pass word", "url": ONWARD.url},
    "pfsense-forwarded": {
        "auth_user": "guest", "auth_pass": "pass word", "accept": "1", "zone": "corner", "redirurl": ONWARD.url,
    },
    "unknown-with-login": {"username": "guest", "password": "pass word", "url": ONWARD.url},
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_a_form_has_the_names_that_its_system_wants(name: str) -> None:
    found = step(name)
    assert (found.method, dict(found.fields)) == ("POST", FORMS[name])
    assert found.url == RECORDED[name]["expected"]["url"]


def test_omada_s_radius_form_gives_back_what_came() -> None:
    said = dict(step("omada-radius").fields)
    assert said["clientMac"] == "02-00-5E-10-00-01"
    assert said["apMac"] == "00-00-5E-00-53-01"
    assert (said["authType"], said["username"]) == ("2", "guest")


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("/?uamip=10.0.0.1&uamport=3990&challenge=zz", "challenge"),
        ("/?uamip=10.0.0.1/evil&uamport=80&challenge=" + "00" * 16, "address"),
        ("/?gw_id=1&gw_address=a@b&gw_port=80", "gateway"),
        ("/?fas=" + "eA" * 8, "gateway"),
        ("/?zone=a&redirurl=b", "address"),
        ("/?base_grant_url=", "basegranturl"),
    ],
)
def test_a_redirect_that_lacks_what_it_takes_gives_no_step(target: str, word: str) -> None:
    landing: Landing = land(target)
    system = next(s for s in SYSTEMS.values() if s.matches(landing))
    assert system.step is not None
    with pytest.raises(ValueError, match=word):
        system.step(landing, ACCOUNT, ONWARD)


def test_no_step_shows_its_secrets() -> None:
    assert "pass word" not in repr(step("cisco"))
    assert not any(hidden in repr(ACCOUNT) for hidden in ("pass word", "secret"))
    assert "uam-secret" not in repr(PortalTold("CORNER", "uam-secret", 1.0, "uam-secret"))
    assert json.dumps(str(parse("/?client_mac=02005e100001"))).count("5e100001") == 0
