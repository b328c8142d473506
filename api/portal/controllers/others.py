"""SonicWall's external guest services, and Alta's cloud."""

from __future__ import annotations

import re

from api.portal.calls import Controller, ControllerTrouble
from api.portal.records import PhoneAsked
from engine.vocabulary import LetOut

_CODE = re.compile(r"<ResponseCode>\s*([0-9]{1,4})\s*</ResponseCode>")
_GUEST_IS_IN = "50"


async def authorize_sonicwall(controller: Controller, asked: PhoneAsked) -> None:
    """Raises ControllerTrouble where the phone is not let out."""
    form = {
        "sessId": asked.fields.first("sessionid"),
        "userName": asked.account.username or asked.mac,
        "sessionLifetime": str(asked.seconds),
        "idleTimeout": "300",
    }
    answer = await controller.send("POST", "/externalGuestLogin.cgi", data=form)
    found = _CODE.search(answer.text)
    if found is None:
        raise ControllerTrouble(LetOut.BAD_ANSWER, f"status {answer.status_code}")
    if found[1] != _GUEST_IS_IN:
        raise ControllerTrouble(LetOut.CONTROLLER_REFUSED, f"response code {found[1]}")


async def authorize_alta(controller: Controller, asked: PhoneAsked) -> None:
    """By its own token: it needs no address. Raises ControllerTrouble where the phone is not let out."""
    body = {"token": asked.fields.first("token"), "secret": asked.account.secret, "timeout": asked.seconds}
    answer = await controller.send("POST", "/api/wifi/auth", json=body)
    if answer.status_code >= 400:
        raise ControllerTrouble(LetOut.CONTROLLER_REFUSED, str(answer.status_code))
