"""TP-Link Omada: an operator of the hotspot signs in, then says whom to let out. FAQ 3231; times are milliseconds."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from api.portal.calls import Controller, ControllerTrouble
from api.portal.records import PhoneAsked
from engine.vocabulary import LetOut

EXTERNAL_PORTAL = 4
_FOR_AP = ("apMac", "ssidName", "radioId")
_FOR_GATEWAY = ("gatewayMac", "vid")


async def authorize(controller: Controller, asked: PhoneAsked) -> None:
    """Raises ControllerTrouble where the phone is not let out."""
    fields = asked.fields
    names = _FOR_AP if fields.first("apmac") else _FOR_GATEWAY
    body: dict[str, Any] = {
        "clientMac": fields.first("clientmac") or asked.mac.upper().replace(":", "-"),
        **{name: fields.first(name.lower()) for name in names},
        "site": fields.first("site") or "Default",
        "authType": EXTERNAL_PORTAL,
        "time": asked.seconds * 1000,
    }
    code = await _authorize(controller, asked, body)
    if code != 0:  # the session may have ended: once more, with a new one
        controller.session.clear()
        code = await _authorize(controller, asked, body)
    if code != 0:
        raise ControllerTrouble(LetOut.CONTROLLER_REFUSED, f"error {code}")


async def _authorize(controller: Controller, asked: PhoneAsked, body: dict[str, Any]) -> int:
    async with controller.signing_in:
        if not controller.session:
            controller.session = {"Csrf-Token": await _sign_in(controller, asked)}
    path = f"/{quote(asked.site)}/api/v2/hotspot/extPortal/auth"
    status, said = await controller.json("POST", path, body, headers=dict(controller.session))
    return _code(status, said)


async def _sign_in(controller: Controller, asked: PhoneAsked) -> str:
    body = {"name": asked.account.username, "password": asked.account.password}
    status, said = await controller.json("POST", f"/{quote(asked.site)}/api/v2/hotspot/login", body)
    code = _code(status, said)
    token = said.get("result", {}).get("token") if code == 0 and isinstance(said.get("result"), dict) else None
    if not isinstance(token, str):
        raise ControllerTrouble(LetOut.CONTROLLER_REFUSED, f"sign-in: error {code}")
    return token


def _code(status: int, said: Any) -> int:
    if status == 200 and isinstance(said, dict) and isinstance(said.get("errorCode"), int):
        return int(said["errorCode"])
    return status or -1
