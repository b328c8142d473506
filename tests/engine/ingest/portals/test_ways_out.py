"""By what each system is known and where it lets phones out, name by name; and openNDS' and Extreme's secrets."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from engine.ingest.portals.landing import land
from engine.ingest.portals.parse import SYSTEMS, parse
from engine.ingest.portals.records import BrowserStep, GuestAccount, Onward, PortalTold
from engine.ingest.portals.systems.chilli import chap_response, pap_password
from engine.ingest.portals.systems.controllers import unifi_site
from engine.ingest.portals.systems.extreme import approve, canonical, judge, sign
from engine.ingest.portals.systems.forms import mikrotik_chap
from engine.ingest.portals.systems.meraki import host_of, with_query
from engine.ingest.portals.systems.opennds import AS_SENT, ASKING_LEVEL, is_proved, unwrap
from engine.vocabulary import PortalRefusal

PHONE, AP = "02:00:5e:10:00:01", "00:00:5e:00:53:01"
ACCOUNT, ONWARD = GuestAccount("guest", "pw", "key"), Onward("https://shop.example/on", 60)


def known_as(query: str) -> str:
    landing = land(query if query.startswith("/") else f"/w?{query}")
    return next(name for name, system in SYSTEMS.items() if system.matches(landing))


def way_out(query: str) -> str:
    return parse(f"/w?{query}").grant.url


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("uamip=1&uamport=2", "coovachilli"), ("uamip=1", "generic"), ("res=1&challenge=2", "coovachilli"),
        ("res=1", "generic"), ("target=1&targetport=2&radiusserverip=3", "omada_radius"),
        ("target=1&radiusserverip=3", "generic"), ("target=1&targetport=2", "generic"),
        ("clientMac=1&ssidName=2&radioId=3", "omada"), ("clientMac=1&vid=2&site=3", "omada"),
        ("clientMac=1&vid=2", "generic"), ("clientMac=1&site=2", "generic"), ("vid=1&site=2", "generic"),
        ("nbiIP=1&client_mac=2", "smartzone"), ("nbiIP=1&uip=2", "smartzone"), ("nbiIP=1&zoneName=2", "smartzone"),
        ("nbiIP=1&wlanName=2", "smartzone"), ("nbiIP=1", "generic"),
        ("sip=1&mac=2&client_mac=3", "ruckus"), ("sip=1&mac=2&uip=3", "ruckus"), ("sip=1&mac=2", "generic"),
        ("mac=2&uip=3", "generic"), ("sessionId=1&mgmtBaseUrl=2", "sonicwall"), ("sessionId=1", "generic"),
        ("token=1", "alta"), ("token=1&x=2", "generic"), ("/guest/s/default/?x=1", "unifi"), ("/guest/s/", "generic"),
        (f"id={PHONE}&ap=1", "unifi"), (f"id={PHONE}", "generic"), ("id=1&ap=1", "generic"),
        ("hwc_ip=1", "extreme"), ("X-Amz-Credential=A/1/world/ecp/x", "extreme"), ("X-Amz-Credential=A", "generic"),
        ("link-login=1", "mikrotik"), ("link-login-only=1", "mikrotik"),
        ("cmd=1&mac=2&network=3", "aruba_instant_on"), ("cmd=1&mac=2&post=3", "aruba_instant_on"),
        ("cmd=1&mac=2", "generic"), ("cmd=1&network=3", "generic"), ("cmd=1&mac=2&essid=3", "aruba"),
        ("cmd=1&mac=2&switchip=3", "aruba"), ("cmd=1&mac=2&apname=3", "aruba"), ("cmd=1&mac=2&vcname=3", "aruba"),
        ("cmd=1&mac=2&apgroup=3", "aruba"), ("mac=2&essid=3", "generic"), ("switch_url=1", "cisco"),
        ("magic=1&usermac=2", "fortinet"), ("magic=1&post=2", "fortinet"), ("magic=1", "generic"),
        ("usermac=1&apurl=2", "zyxel"), ("apurl=1", "generic"),
        ("usermac=1&userip=2", "huawei"), ("umac=1&uaddress=2", "huawei"), ("umac=1&ac-ip=2", "huawei"),
        ("umac=1", "generic"), ("userip=1", "generic"), ("login_url=http://a/wifilogin.cgi", "draytek"),
        ("login_url=1&apmac=2&target=3", "draytek"), ("login_url=1&apmac=2", "generic"), ("login_url=1", "generic"),
        ("switchmac=1&clientmac=2", "alcatel"), ("switchip=1&clientip=2", "alcatel"), ("switchip=1", "generic"),
        ("mgtMacAddress=1", "aerohive"), ("autherr=1", "generic"), ("ga_cmac=1", "cambium"), ("ga_srvr=1", "cambium"),
        ("ga_ap_mac=1", "cambium"), ("zone=1&redirurl=2", "pfsense"), ("zone=1&portal_action=2", "pfsense"),
        ("zone=1", "generic"), ("redirurl=1", "generic"),
        ("login_url=https://a.gwnportal.cloud/x", "grandstream"), ("login_url=https://gwn.cloud", "grandstream"),
        ("login_url=http://10.0.0.1/gwn_login", "grandstream"), ("login_url=https://agwn.cloud", "generic"),
        ("login_url=https://x.nuclias.com/", "dlink"), ("login_url=1&logout_url=2&mauth=3", "dlink"),
        ("login_url=1&logout_url=2", "generic"), ("base_grant_url=1", "meraki_click_through"),
        ("login_url=https://n1.network-auth.com/", "meraki_sign_on"),
        ("login_url=http://a.meraki.com", "meraki_sign_on"),
        ("login_url=http://a&ap_tags=1", "meraki_sign_on"), ("ap_tags=1", "generic"),
        ("wlan_id=1&ap_mac=2&client_mac=3", "mist"), ("wlan_id=1&ap_mac=2", "generic"),
        ("fas=1", "opennds"), ("hid=1", "opennds"), ("authaction=http://a/opennds_auth/", "opennds"),
        ("gatewayname=My+OpenNDS", "opennds"), ("gatewayname=x", "generic"), ("tok=1&authaction=2", "nodogsplash"),
        ("tok=1&redir=2", "nodogsplash"), ("tok=1", "generic"), ("redir=1", "generic"),
        ("gw_id=1&gw_address=2", "ruijie"), ("gw_id=1&gw_port=2", "ruijie"), ("gw_id=1&gw_sn=2", "ruijie"),
        ("gw_id=1", "generic"), ("gw_sn=1", "generic"),
    ],
)  # fmt: skip
def test_by_what_a_system_is_known(query: str, name: str) -> None:
    assert known_as(query) == name


@pytest.mark.parametrize(
    ("query", "url"),
    [
        ("uamip=10.1.0.1&uamport=3990", "http://10.1.0.1:3990/logon"), ("uamip=10.1.0.1&uamport=123456", ""),
        ("uamip=10.1.0.1/x&uamport=3990", ""), ("uamip=10.1.0.1&uamport=", ""),
        ("target=10.0.0.1&targetPort=8843&radiusServerIp=1", "https://10.0.0.1:8843/portal/radius/browserauth"),
        ("target=a&targetPort=80&radiusServerIp=1&scheme=HTTP", "http://a:80/portal/radius/browserauth"),
        ("target=a&targetPort=80&radiusServerIp=1&scheme=ftp", "https://a:80/portal/radius/browserauth"),
        ("target=a&targetPort=123456&radiusServerIp=1", ""), ("target=a@b&targetPort=80&radiusServerIp=1", ""),
        ("sip=10.0.0.2&mac=1&uip=2", "http://10.0.0.2:9997/login"), ("sip=a/b&mac=1&uip=2", ""),
        ("hwc_ip=hwc.example", "https://hwc.example/ext_approval.php"),
        ("hwc_ip=h&hwc_port=443", "https://h/ext_approval.php"),
        ("hwc_ip=h&hwc_port=8445", "https://h:8445/ext_approval.php"), ("hwc_ip=h&hwc_port=123456", ""),
        ("hwc_ip=h/x", ""), ("nbiIP=10.0.0.3&uip=1", "10.0.0.3"), ("sessionId=1&mgmtBaseUrl=https://a", "https://a"),
        ("cmd=1&mac=2&post=a.example:4343", "https://a.example:4343/cgi-bin/login"),
        ("cmd=1&mac=2&network=x&switchip=10.0.0.1", "https://10.0.0.1/cgi-bin/login"), ("cmd=1&mac=2&post=a/b", ""),
        ("cmd=1&mac=2&essid=3&switchip=10.0.0.1", "https://10.0.0.1/cgi-bin/login"),
        ("usermac=1&userip=2&login_url=http://a&url=http://b", "http://a"),
        ("usermac=1&userip=2&url=http://b", "http://b"),
        ("switchip=1&clientip=2", "http://cportal.al-enterprise.com/login"),
        ("mgtMacAddress=1", "http://1.1.1.1/reg.php"),
        ("ga_srvr=10.0.0.1&x=%20", "http://10.0.0.1:880/cgi-bin/hotspot_login.cgi?ga_srvr=10.0.0.1&x=%20"),
        ("ga_cmac=1", ""), ("gw_id=1&gw_address=10.0.0.1&gw_port=2060", "http://10.0.0.1:2060/wifidog/auth"),
        ("gw_id=1&gw_address=10.0.0.1&gw_port=123456", ""), ("hid=1&authaction=http://a/b?c=d", "http://a/b"),
        ("hid=1&gatewayaddress=10.0.0.1:2050&authdir=/auth/", "http://10.0.0.1:2050/auth/"),
        ("hid=1&gatewayaddress=10.0.0.1", "http://10.0.0.1/opennds_auth/"), ("hid=1&gatewayaddress=a&authdir=b/c", ""),
        ("hid=1&gatewayaddress=10.0.0.1:123456", ""), ("link-login=http://a&link-login-only=http://b", "http://b"),
        ("post=http://a", "http://a"), ("portal_action=http://b&post=http://a", "http://b"),
    ],
)  # fmt: skip
def test_where_a_phone_is_let_out(query: str, url: str) -> None:
    assert way_out(query) == url


@pytest.mark.parametrize(
    ("query", "step"),
    [
        ("login_url=https://x.nuclias.com/",
         BrowserStep("POST", "https://x.nuclias.com/", (("username", "guest"), ("password", "pw")))),
        ("login_url=https://gwn.cloud", BrowserStep(
            "GET", "https://gwn.cloud", (("username", "guest"), ("password", "pw"), ("redirect", ONWARD.url)))),
        ("gw_id=1&gw_address=a&gw_port=2060", BrowserStep("GET", "http://a:2060/wifidog/auth?token=key")),
        ("usermac=1&userip=2&url=http://b", BrowserStep("POST", "http://b", (("username", "guest"),
        ("password", "pw")))),
        ("mgtMacAddress=1", BrowserStep(
            "POST", "http://1.1.1.1/reg.php", (("user", "guest"), ("password", "pw"), ("url", ONWARD.url)))),
    ],
)  # fmt: skip
def test_what_the_browser_has_to_do(query: str, step: BrowserStep) -> None:
    landing = land(f"/w?{query}")
    found = SYSTEMS[known_as(query)].step
    assert found is not None
    assert found(landing, ACCOUNT, ONWARD) == step


def test_a_phone_without_an_account_signs_in_by_its_address() -> None:
    nobody = GuestAccount()
    grandstream, ruijie = SYSTEMS["grandstream"].step, SYSTEMS["ruijie"].step
    assert grandstream is not None
    assert ruijie is not None
    made = grandstream(land(f"/?client_mac={PHONE}&login_url=https://gwn.cloud"), nobody, ONWARD)
    assert dict(made.fields) == {"username": PHONE, "password": PHONE, "redirect": ONWARD.url}
    sent = ruijie(land("/?gw_id=1&gw_address=a&gw_port=1&mac=02005e100001"), nobody, ONWARD)
    assert sent.url == "http://a:1/wifidog/auth?token=02005e100001"


def test_challenges_are_answered_as_written() -> None:
    challenge = bytes(range(8))
    assert pap_password(challenge, "ab", "") == bytes([ord("a"), ord("b") ^ 1, 2]).hex()
    assert chap_response(challenge, "ab", "s") == (
        hashlib.md5(b"\0ab" + hashlib.md5(challenge + b"s").digest()).hexdigest()
    )
    assert mikrotik_chap("raw", r"\777", "p") == hashlib.md5(b"rawp\xff").hexdigest()
    step = SYSTEMS["coovachilli"].step
    assert step is not None
    for digits, fits in (("00" * 7, False), ("00" * 8, True), ("00" * 64, True), ("00" * 65, False)):
        landing = land(f"/?uamip=a&uamport=1&challenge={digits}")
        if fits:
            assert step(landing, ACCOUNT, ONWARD).url.startswith("http://a:1/logon?username=guest&password=")
        else:
            with pytest.raises(ValueError, match="challenge"):
                step(landing, ACCOUNT, ONWARD)


def test_an_address_with_our_fields_in_place_of_its_own() -> None:
    assert with_query("https://a/b?x=1&y=&z=3#f", {"x": "9"}) == "https://a/b?y=&z=3&x=9"
    assert [host_of(url) for url in (" HTTPS://A.Example:8/", "ftp://a", "http://[", "")] == ["a.example", "", "", ""]
    assert unifi_site(land("/guest/s/corner-2/?id=1")) == "corner-2"
    assert unifi_site(land("/guest/x")) == ""


SECRET, SIGNED_AT = "made-up secret of a controller", 1_800_000_000.0  # 2027-01-15 08:00:00 UTC
SCOPE = "20270115/world/ecp/aws4_request"


def judged(at: float, *, expires: str = "20", identity: str = "CORNER", date: str = "20270115T080000Z") -> object:
    query = f"token=x&X-Amz-Credential=CORNER/{SCOPE}&X-Amz-Date={date}&X-Amz-Expires={expires}"
    signature = sign(SECRET, date, SCOPE, canonical("/w", query, "shop.example"))
    landing = land(f"/w?{query}&X-Amz-Signature={signature}", {"Host": "Shop.example"})
    return judge(landing, PortalTold(identity, SECRET, SIGNED_AT + at))


@pytest.mark.parametrize(
    ("at", "expires", "fresh"),
    [
        (0.0, "20", True), (20.0, "20", True), (20.5, "20", False), (-60.0, "20", True), (-60.5, "20", False),
        (3600.0, "9999", True), (3600.5, "9999", False), (0.0, "1234567", False), (0.0, "", False),
        (1.0, "999999", True),
    ],
)  # fmt: skip
def test_a_signed_redirect_is_good_for_as_long_as_it_says_and_an_hour(at: float, expires: str, fresh: bool) -> None:
    assert judged(at, expires=expires) is (None if fresh else PortalRefusal.STALE)


def test_a_signature_is_of_one_name_and_of_a_time() -> None:
    assert judged(0.0, identity="") is None
    assert judged(0.0, identity="OTHER") is PortalRefusal.BAD_SIGNATURE
    assert judged(0.0, date="yesterday") is PortalRefusal.STALE
    assert judge(land("/w?token=x"), PortalTold("CORNER", SECRET, SIGNED_AT)) is PortalRefusal.BAD_SIGNATURE


def test_an_approval_says_for_how_long_and_keeps_the_port() -> None:
    landing = land("/w?hwc_ip=h&hwc_port=8445&token=t&wlan=7")
    url = approve(landing, "CORNER", ACCOUNT, ONWARD, SIGNED_AT).url
    query, _, signature = url.removeprefix("https://h:8445/ext_approval.php?").partition("&X-Amz-Signature=")
    assert query == (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=CORNER%2F20270115%2Fworld%2Fecp%2Faws4_request"
        "&X-Amz-Date=20270115T080000Z&X-Amz-Expires=20&X-Amz-SignedHeaders=host"
        "&dest=https%3A%2F%2Fshop.example%2Fon&max_duration=60&token=t&username=guest&wlan=7"
    )
    assert signature == sign("key", "20270115T080000Z", SCOPE, canonical("/ext_approval.php", query, "h:8445"))


PLAIN = f"clientip=10.0.0.7, clientmac={PHONE}, gatewayname= My%20Shop , junk"


def wrapped(inner: bytes, **more: str) -> str:
    return "/w?" + "&".join([f"fas={base64.urlsafe_b64encode(inner).decode()}", *(f"{k}={v}" for k, v in more.items())])


def test_what_is_inside_an_opennds_redirect() -> None:
    fields, why = unwrap(land(wrapped(PLAIN.encode())), "")
    assert why is None
    assert fields.first("clientmac") == PHONE
    assert fields.first("gatewayname") == " My Shop "
    assert fields.first(AS_SENT) == "My%20Shop"
    assert "junk" not in fields
    nothing, why = unwrap(land(wrapped(b"a=1, b=2")), "")
    assert (len(nothing), why) == (0, None)
    assert ASKING_LEVEL == 3
    for key in ("clientip", "hid"):
        assert len(unwrap(land(wrapped(f"{key}=x".encode())), "")[0]) == 1


@pytest.mark.parametrize("key", ["short key", "a key of more than thirty-two characters, cut"])
def test_a_sealed_one_opens_with_its_key_only(key: str) -> None:
    """As PHP does it: base64 of AES-256-CBC, and base64 of that; key and vector are filled up with zero bytes."""
    raw = PLAIN.encode()
    padded = raw + bytes([16 - len(raw) % 16]) * (16 - len(raw) % 16)
    aes = algorithms.AES(key.encode()[:32].ljust(32, b"\0"))
    encryptor = Cipher(aes, modes.CBC(b"vector".ljust(16, b"\0"))).encryptor()
    sealed = encryptor.update(padded) + encryptor.finalize()
    for inner in (sealed, base64.b64encode(sealed)):
        fields, why = unwrap(land(wrapped(inner, iv="vector")), key)
        assert (fields.first("clientmac"), why) == (PHONE, None)
    assert unwrap(land(wrapped(sealed, iv="vector")), "")[1] is PortalRefusal.ENCRYPTED
    assert unwrap(land(wrapped(sealed, iv="vector")), "another")[1] is PortalRefusal.BAD_SECRET
    assert unwrap(land(wrapped(sealed[:-1], iv="vector")), key)[1] is PortalRefusal.BAD_SECRET


def test_a_gateway_proves_that_it_has_our_key() -> None:
    gateway = hashlib.sha256(b"My Shop").hexdigest()
    proof = hashlib.sha256((gateway + "key").encode()).hexdigest()
    assert is_proved(gateway, " key ", f" {proof.upper()} ")
    assert not is_proved(gateway, "key", proof[:-1] + ("0" if proof[-1] != "0" else "1"))
    assert not is_proved(gateway, "", hashlib.sha256(gateway.encode()).hexdigest())


def test_why_there_is_no_phone() -> None:
    assert parse("/w?token=abc").refused is PortalRefusal.ENCRYPTED, "Alta's token has it"
    assert parse("/w?nothing=abc").refused is PortalRefusal.NO_MAC
    sealed = wrapped(b"0123456789abcdef", iv="vector")
    assert parse(sealed).refused is PortalRefusal.ENCRYPTED
    assert parse(sealed, told=PortalTold(faskey="k")).refused is PortalRefusal.BAD_SECRET
    assert parse(sealed, told=PortalTold(secret="k")).refused is PortalRefusal.BAD_SECRET
    assert parse(sealed + f"&client_mac={PHONE}").refused is None
