"""Systems that put a `login_url` or grant address of their cloud into the redirect: Meraki, D-Link, Grandstream.

Meraki: developer.cisco.com/meraki/captive-portal-api (click-through and sign-on). D-Link Nuclias and Grandstream GWN
write Meraki's names. Only the host of the address tells them apart.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from engine.ingest.portals.landing import Landing
from engine.ingest.portals.records import BrowserStep, GuestAccount, Onward, System
from engine.vocabulary import PortalSystem, WayOut


def host_of(url: str) -> str:
    """The host that a browser would go to, in lower case; "" for what is no http address."""
    try:
        parts = urlsplit(url.strip())
        return (parts.hostname or "").lower() if parts.scheme.lower() in ("http", "https") else ""
    except ValueError:
        return ""


def with_query(url: str, fields: dict[str, str]) -> str:
    """The address with these fields in its query, in the place of any that it has by these names."""
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in fields]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(kept + list(fields.items())), ""))


def require_field(landing: Landing, *names: str) -> str:
    """The first of these that has a value. Raises ValueError where none has."""
    value = landing.fields.first(*names)
    if not value:
        raise ValueError(f"the redirect has no {names[0]}")
    return value


def _logs_in_at(landing: Landing, *ends: str) -> bool:
    host = host_of(landing.fields.first("loginurl"))
    return any(host == end or host.endswith("." + end) for end in ends)


def _click_through(landing: Landing, _account: GuestAccount, onward: Onward) -> BrowserStep:
    query = {"continue_url": onward.url, "duration": str(onward.seconds)}
    return BrowserStep("GET", with_query(require_field(landing, "basegranturl"), query))


def _sign_on(landing: Landing, account: GuestAccount, onward: Onward) -> BrowserStep:
    fields = (("username", account.username), ("password", account.password), ("success_url", onward.url))
    return BrowserStep("POST", require_field(landing, "loginurl"), fields)


def _dlink(landing: Landing, account: GuestAccount, _onward: Onward) -> BrowserStep:
    return BrowserStep(
        "POST", require_field(landing, "loginurl"), (("username", account.username), ("password", account.password))
    )


def _grandstream(landing: Landing, account: GuestAccount, onward: Onward) -> BrowserStep:
    mac = landing.fields.first("clientmac")
    fields = (("username", account.username or mac), ("password", account.password or mac), ("redirect", onward.url))
    return BrowserStep("GET", require_field(landing, "loginurl"), fields)


def _login_url(landing: Landing) -> str:
    return landing.fields.first("loginurl")


GRANDSTREAM = System(
    PortalSystem.GRANDSTREAM,
    lambda at: _logs_in_at(at, "gwnportal.cloud", "gwn.cloud") or "/gwn_login" in at.fields.first("loginurl"),
    WayOut.BROWSER_GET,
    _login_url,
    _grandstream,
)
DLINK = System(
    PortalSystem.DLINK,
    lambda at: _logs_in_at(at, "nuclias.com") or at.fields.have("loginurl", "logouturl", "mauth"),
    WayOut.BROWSER_POST,
    _login_url,
    _dlink,
)
CLICK_THROUGH = System(
    PortalSystem.MERAKI,
    lambda at: "basegranturl" in at.fields,
    WayOut.BROWSER_GET,
    lambda at: at.fields.first("basegranturl"),
    _click_through,
)
SIGN_ON = System(
    PortalSystem.MERAKI,
    lambda at: "loginurl" in at.fields and (_logs_in_at(at, "network-auth.com", "meraki.com") or "aptags" in at.fields),
    WayOut.BROWSER_POST,
    _login_url,
    _sign_on,
)
