"""Systems whose controller our server calls: UniFi, Omada, Ruckus SmartZone and One, SonicWall, Alta.

Beside them what a browser sends where Omada, or a Ruckus access point of its own, asks a RADIUS server.
"""

from __future__ import annotations

import re

from engine.ingest.portals.landing import Landing
from engine.ingest.portals.records import BrowserStep, GuestAccount, Onward, System
from engine.ingest.portals.spellings import mac_digits
from engine.vocabulary import PortalSystem, WayOut

UNIFI_PATH = re.compile(r"/guest/s/([^/?]+)")
"""The path that UniFi sends phones to; the site's name is in it."""


def unifi_site(landing: Landing) -> str:
    """The UniFi site that the path names; "" where it names none."""
    found = UNIFI_PATH.search(landing.path)
    return found[1] if found else ""


def _is_unifi(landing: Landing) -> bool:
    if unifi_site(landing):
        return True
    return landing.fields.have("id", "ap") and mac_digits(landing.fields.first("id")) is not None


def _omada_target(landing: Landing) -> str:
    target, port = landing.fields.first("target"), landing.fields.first("targetport")
    if not re.fullmatch(r"[A-Za-z0-9.-]+", target) or not re.fullmatch(r"[0-9]{1,5}", port):
        return ""
    scheme = "http" if landing.fields.first("scheme").lower() == "http" else "https"
    return f"{scheme}://{target}:{port}/portal/radius/browserauth"


def _omada_radius(landing: Landing, account: GuestAccount, onward: Onward) -> BrowserStep:
    url = _omada_target(landing)
    if not url:
        raise ValueError("the redirect has no target")
    names = ("clientMac", "clientIp", "apMac", "gatewayMac", "ssidName", "vid", "radioId")
    said = tuple((name, landing.fields.first(name.lower())) for name in names)
    mine = (
        ("originUrl", onward.url),
        ("authType", "2"),
        ("username", account.username),
        ("password", account.password),
    )
    return BrowserStep("POST", url, said + mine)


def _ruckus_login(landing: Landing) -> str:
    sip = landing.fields.first("sip")
    return f"http://{sip}:9997/login" if re.fullmatch(r"[A-Za-z0-9.-]+", sip) else ""


def _ruckus(landing: Landing, account: GuestAccount, onward: Onward) -> BrowserStep:
    if not (url := _ruckus_login(landing)):
        raise ValueError("the redirect has no sip")
    fields = (("username", account.username), ("password", account.password), ("url", onward.url))
    return BrowserStep("POST", url, fields)


UNIFI = System(PortalSystem.UNIFI, _is_unifi, WayOut.SERVER_CALL)
OMADA_RADIUS = System(
    PortalSystem.OMADA,
    lambda at: at.fields.have("target", "targetport") and "radiusserverip" in at.fields,
    WayOut.BROWSER_POST,
    _omada_target,
    _omada_radius,
)
OMADA = System(
    PortalSystem.OMADA,
    lambda at: "clientmac" in at.fields and at.fields.any_of("ssidname", "vid") and at.fields.any_of("radioid", "site"),
    WayOut.SERVER_CALL,
)
SMARTZONE = System(
    PortalSystem.SMARTZONE,
    lambda at: "nbiip" in at.fields and at.fields.any_of("clientmac", "uip", "zonename", "wlanname"),
    WayOut.SERVER_CALL,
    lambda at: at.fields.first("nbiip"),
)
RUCKUS = System(
    PortalSystem.RUCKUS,
    lambda at: at.fields.have("sip", "mac") and at.fields.any_of("clientmac", "uip"),
    WayOut.BROWSER_POST,
    _ruckus_login,
    _ruckus,
)
SONICWALL = System(
    PortalSystem.SONICWALL,
    lambda at: at.fields.have("sessionid", "mgmtbaseurl"),
    WayOut.SERVER_CALL,
    lambda at: at.fields.first("mgmtbaseurl"),
)
ALTA = System(PortalSystem.ALTA, lambda at: at.fields.names() == {"token"}, WayOut.SERVER_CALL)
