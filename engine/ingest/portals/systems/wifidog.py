"""WiFiDog's protocol, as Ruijie speaks it: the browser carries a token to the gateway, which asks us about it."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from engine.ingest.portals.landing import Landing
from engine.ingest.portals.records import BrowserStep, GuestAccount, Onward, System
from engine.vocabulary import PortalSystem, WayOut


def _auth(landing: Landing) -> str:
    address, port = landing.fields.first("gwaddress"), landing.fields.first("gwport")
    good = re.fullmatch(r"[A-Za-z0-9.-]+", address) and re.fullmatch(r"[0-9]{1,5}", port)
    return f"http://{address}:{port}/wifidog/auth" if good else ""


def _step(landing: Landing, account: GuestAccount, _onward: Onward) -> BrowserStep:
    """The token is the account's secret where there is one, else the phone's address, as Ruijie's own sample has it."""
    if not (url := _auth(landing)):
        raise ValueError("the redirect names no gateway")
    return BrowserStep("GET", f"{url}?{urlencode({'token': account.secret or landing.fields.first('mac')})}")


RUIJIE = System(
    PortalSystem.RUIJIE,
    lambda at: "gwid" in at.fields and at.fields.any_of("gwaddress", "gwport", "gwsn"),
    WayOut.GATEWAY_ASKS,
    _auth,
    _step,
)
