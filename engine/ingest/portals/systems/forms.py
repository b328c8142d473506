"""Systems that the phone's browser signs in at, with a form sent to an address that the redirect names.

The fields are those of splash-networks/capport, of Aruba's and Cisco's sample pages, and of MikroTik's manual.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from engine.ingest.portals.landing import Landing
from engine.ingest.portals.records import BrowserStep, GuestAccount, Onward, Step, System
from engine.ingest.portals.systems.meraki import host_of, require_field
from engine.vocabulary import PortalSystem, WayOut

_HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?")
Where = Callable[[Landing], str]


def _from(name: str) -> Where:
    return lambda at: at.fields.first(name)


def _at(scheme: str, names: tuple[str, ...], path: str) -> Where:
    """The address of a host that the redirect names without scheme and path."""

    def where(landing: Landing) -> str:
        host = landing.fields.first(*names)
        return f"{scheme}://{host}{path}" if _HOST.fullmatch(host) else ""

    return where


def _form(where: Where, user: str, password: str, extra: Callable[[Landing, Onward], dict[str, str]]) -> Step:
    """A form with user and password under these names, and what else the system wants."""

    def step(landing: Landing, account: GuestAccount, onward: Onward) -> BrowserStep:
        url = where(landing)
        if not host_of(url):
            raise ValueError("the redirect names no address to sign in at")
        fields = {user: account.username, password: account.password, **extra(landing, onward)}
        return BrowserStep("POST", url, tuple(fields.items()))

    return step


def _system(
    name: PortalSystem,
    matches: Callable[[Landing], bool],
    where: Where,
    extra: Callable[[Landing, Onward], dict[str, str]] = lambda _, onward: {"url": onward.url},
    *,
    user: str = "username",
    password: str = "password",
) -> System:
    return System(name, matches, WayOut.BROWSER_POST, where, _form(where, user, password, extra))


def mikrotik_chap(chap_id: str, challenge: str, password: str) -> str:
    r"""MD5(id, password, challenge) in hexadecimal; id and challenge as MikroTik writes bytes, `\251\012`, or raw."""
    parts = _octal(chap_id) + password.encode() + _octal(challenge)
    return hashlib.md5(parts, usedforsecurity=False).hexdigest()


def _octal(text: str) -> bytes:
    if re.fullmatch(r"(?:\\[0-7]{3})+", text):
        return bytes(int(digits, 8) & 255 for digits in text[1:].split("\\"))
    return text.encode("latin-1", "replace")


def _mikrotik(landing: Landing, account: GuestAccount, onward: Onward) -> BrowserStep:
    chap_id, challenge = landing.fields.first("chapid"), landing.fields.first("chapchallenge")
    password = mikrotik_chap(chap_id, challenge, account.password) if chap_id and challenge else account.password
    fields = (("username", account.username), ("password", password), ("dst", onward.url), ("popup", "false"))
    return BrowserStep("POST", require_field(landing, "linkloginonly", "linklogin"), fields)


def _cambium_where(landing: Landing) -> str:
    plain = _at("http", ("gasrvr",), ":880/cgi-bin/hotspot_login.cgi")(landing)
    return f"{plain}?{landing.query}" if plain else ""


def _any_login(landing: Landing) -> str:
    return landing.fields.first("loginurl", "portalaction", "post", "switchurl", "linkloginonly", "linklogin")


MIKROTIK = System(
    PortalSystem.MIKROTIK,
    lambda at: at.fields.any_of("linklogin", "linkloginonly"),
    WayOut.BROWSER_POST,
    lambda at: at.fields.first("linkloginonly", "linklogin"),
    _mikrotik,
)
ARUBA_INSTANT_ON = _system(
    PortalSystem.ARUBA_INSTANT_ON,
    lambda at: at.fields.have("cmd", "mac") and at.fields.any_of("network", "post"),
    _at("https", ("post", "switchip"), "/cgi-bin/login"),
    lambda _, onward: {"cmd": "authenticate", "url": onward.url},
    user="user",
)
ARUBA = _system(
    PortalSystem.ARUBA,
    lambda at: at.fields.have("cmd", "mac") and at.fields.any_of("essid", "switchip", "apname", "vcname", "apgroup"),
    _at("https", ("switchip",), "/cgi-bin/login"),
    lambda _, onward: {"cmd": "authenticate", "url": onward.url},
    user="user",
)
CISCO = _system(
    PortalSystem.CISCO,
    lambda at: "switchurl" in at.fields,
    _from("switchurl"),
    lambda _, onward: {"buttonClicked": "4", "redirect_url": onward.url},
)
FORTINET = _system(
    PortalSystem.FORTINET,
    lambda at: "magic" in at.fields and at.fields.any_of("usermac", "post"),
    _from("post"),
    lambda at, _: {"magic": at.fields.first("magic")},
)
ZYXEL = _system(PortalSystem.ZYXEL, lambda at: at.fields.have("usermac", "apurl"), _from("apurl"))
HUAWEI = _system(
    PortalSystem.HUAWEI,
    lambda at: at.fields.any_of("usermac", "umac") and at.fields.any_of("userip", "uaddress", "acip"),
    lambda at: at.fields.first("loginurl", "url"),
    lambda _at, _onward: {},
)
DRAYTEK = _system(
    PortalSystem.DRAYTEK,
    lambda at: (
        "loginurl" in at.fields
        and ("wifilogin.cgi" in at.fields.first("loginurl") or at.fields.have("apmac", "target"))
    ),
    _from("loginurl"),
    lambda _at, _onward: {},
)
ALCATEL = _system(
    PortalSystem.ALCATEL,
    lambda at: at.fields.any_of("switchmac", "switchip") and at.fields.any_of("clientmac", "clientip"),
    lambda _: "http://cportal.al-enterprise.com/login",
    user="user",
)
AEROHIVE = _system(
    PortalSystem.AEROHIVE,
    lambda at: "mgtmacaddress" in at.fields or at.fields.have("autherr", "challenge"),
    lambda _: "http://1.1.1.1/reg.php",
    user="user",
)
CAMBIUM = _system(
    PortalSystem.CAMBIUM,
    lambda at: at.fields.any_of("gacmac", "gasrvr", "gaapmac"),
    _cambium_where,
    lambda _at, _onward: {},
    user="ga_user",
    password="ga_pass",
)
PFSENSE = _system(
    PortalSystem.PFSENSE,
    lambda at: "zone" in at.fields and at.fields.any_of("redirurl", "portalaction"),
    _from("portalaction"),
    lambda at, onward: {"accept": "1", "zone": at.fields.first("zone"), "redirurl": onward.url},
    user="auth_user",
    password="auth_pass",
)
GENERIC = _system(PortalSystem.GENERIC, lambda _: True, _any_login)
