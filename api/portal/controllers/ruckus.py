"""Ruckus SmartZone and Ruckus One: the northbound portal interface. The phone's address goes back as it came, sealed by
SmartZone (`ENC…`) or not, so that this works where nobody here learns it."""

from __future__ import annotations

from typing import Any

from api.portal.calls import Controller, ControllerTrouble
from api.portal.records import PhoneAsked
from engine.vocabulary import LetOut

_GOOD = (101, 201)  # authorized already; login succeeded
_UNKNOWN = (302,)  # no such client


async def authorize(controller: Controller, asked: PhoneAsked) -> None:
    """Raises ControllerTrouble where the phone is not let out."""
    mac = asked.fields.first("clientmac") or asked.mac
    if not mac:
        raise ControllerTrouble(LetOut.NO_PHONE)
    body: dict[str, Any] = {
        "Vendor": "ruckus",
        "RequestPassword": asked.account.secret or asked.account.password,
        "APIVersion": "1.0",
        "RequestCategory": "UserOnlineControl",
        "UE-MAC": mac,
    }
    if asked.account.username:
        body |= {
            "RequestUserName": asked.account.username,
            "RequestType": "Login",
            "UE-IP": asked.fields.first("uip"),
            "UE-Proxy": asked.fields.first("proxy") or "0",
            "UE-Username": mac,
            "UE-Password": mac,
        }
    else:
        body["RequestType"] = "Authorize"
    status, said = await controller.json("POST", "/portalintf", body)
    code = said.get("ResponseCode") if isinstance(said, dict) else None
    if status >= 400 or not str(code).isdigit():
        raise ControllerTrouble(LetOut.BAD_ANSWER, f"status {status}")
    if int(str(code)) in _UNKNOWN:
        raise ControllerTrouble(LetOut.PHONE_UNKNOWN)
    if int(str(code)) not in _GOOD:
        raise ControllerTrouble(LetOut.CONTROLLER_REFUSED, f"response code {code}")
