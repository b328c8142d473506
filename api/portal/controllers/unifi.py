"""UniFi Network: the integration API with a key (9.1.105 and later), or the controller's own with a user.

help.ui.com 31228198640023 for the first; the second is what every client of older controllers does.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from api.portal.calls import Controller, ControllerTrouble
from api.portal.records import PhoneAsked
from engine.vocabulary import LetOut

_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def authorize(controller: Controller, asked: PhoneAsked) -> None:
    """Raises ControllerTrouble where the phone is not let out."""
    await (_by_key if asked.account.secret else _by_user)(controller, asked)


async def _by_key(controller: Controller, asked: PhoneAsked) -> None:
    headers = {"X-API-KEY": asked.account.secret}
    site = asked.site if _UUID.fullmatch(asked.site) else await _site(controller, asked.site, headers)
    query = quote(f"macAddress.eq('{asked.mac}')", safe="")
    found = await _data(controller, f"/v1/sites/{site}/clients?filter={query}", headers)
    if not found:
        raise ControllerTrouble(LetOut.PHONE_UNKNOWN)
    body = {"action": "AUTHORIZE_GUEST_ACCESS", "timeLimitMinutes": asked.minutes}
    path = f"/v1/sites/{site}/clients/{quote(str(found[0].get('id')), safe='')}/actions"
    status, _ = await controller.json("POST", path, body, headers=headers)
    _must_be_good(status)


async def _site(controller: Controller, name: str, headers: dict[str, str]) -> str:
    """The id of the site that the controller's pages and redirects call by this name."""
    sites = await _data(controller, "/v1/sites?limit=200", headers)
    for site in sites:
        if name in (site.get("internalReference"), site.get("name")):
            return quote(str(site.get("id")), safe="")
    raise ControllerTrouble(LetOut.CONTROLLER_REFUSED, "no such site")


async def _data(controller: Controller, path: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    status, said = await controller.json("GET", path, headers=headers)
    _must_be_good(status)
    data = said.get("data") if isinstance(said, dict) else None
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise ControllerTrouble(LetOut.BAD_ANSWER, "no list of data")
    return data


async def _by_user(controller: Controller, asked: PhoneAsked) -> None:
    body: dict[str, Any] = {"cmd": "authorize-guest", "mac": asked.mac, "minutes": asked.minutes}
    if asked.ap:
        body["ap_mac"] = asked.ap
    status, said = await _command(controller, asked, body)
    if status == 401:  # the session ended
        controller.session.clear()
        status, said = await _command(controller, asked, body)
    _must_be_good(status)
    meta = said.get("meta") if isinstance(said, dict) else None
    if not isinstance(meta, dict) or meta.get("rc") != "ok":
        raise ControllerTrouble(LetOut.CONTROLLER_REFUSED, "rc is not ok")


async def _command(controller: Controller, asked: PhoneAsked, body: dict[str, Any]) -> tuple[int, Any]:
    async with controller.signing_in:
        if not controller.session:
            await _sign_in(controller, asked)
    root = controller.session.get("root", "")
    headers = {"X-CSRF-Token": controller.session["token"]} if controller.session.get("token") else {}
    return await controller.json("POST", f"{root}/api/s/{quote(asked.site)}/cmd/stamgr", body, headers=headers)


async def _sign_in(controller: Controller, asked: PhoneAsked) -> None:
    """At a controller of its own, or on a UniFi console, whose paths begin otherwise and want a token."""
    body = {"username": asked.account.username, "password": asked.account.password}
    for path, root in (("/api/login", ""), ("/api/auth/login", "/proxy/network")):
        answer = await controller.send("POST", path, json=body)
        if answer.status_code == 404:
            continue
        _must_be_good(answer.status_code)
        controller.session = {"root": root, "token": answer.headers.get("x-csrf-token", ""), "on": "1"}
        return
    raise ControllerTrouble(LetOut.BAD_ANSWER, "no sign-in at this address")


def _must_be_good(status: int) -> None:
    if status == 404:
        raise ControllerTrouble(LetOut.PHONE_UNKNOWN, "404")
    if status >= 400:
        raise ControllerTrouble(LetOut.CONTROLLER_REFUSED, str(status))
