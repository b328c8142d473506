"""Each controller is called as its vendor wants it, and what it answers otherwise is named."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from api.portal.calls import TRIES, Controller, ControllerTrouble
from api.portal.let_out import AUTHORIZE
from api.portal.records import PhoneAsked
from engine.ingest.portals.landing import split
from engine.ingest.portals.records import GuestAccount
from engine.vocabulary import LetOut, PortalSystem
from tests.api.portal.controllers import Answer, Call, FakeController, running
from tests.brokers import free_port

MAC, AP = "02:00:5e:10:00:01", "00:00:5e:00:53:01"
QUERY = (
    "clientMac=02-00-5E-10-00-01&apMac=00-00-5E-00-53-01&ssidName=corner&radioId=0&site=Default&sessionId=00ff&token=abc"
    "&client_mac=ENC00&uip=ENC11&proxy=0"
)
SITE_ID = "0a1b2c3d-0000-4000-8000-000000000001"


def asked(query: str = QUERY, site: str = "default", **account: str) -> PhoneAsked:
    return PhoneAsked(MAC, AP, site, 3601, GuestAccount(**account), split(query))


def ask(system: PortalSystem, fake: FakeController, *what: PhoneAsked) -> list[LetOut]:
    """What becomes of each, asked one after the other over one connection."""

    async def all_of_them() -> list[LetOut]:
        controller, said = Controller(fake.url, 60.0, first_wait_s=0.001), []
        for each in what:
            try:
                await AUTHORIZE[system](controller, each)
                said.append(LetOut.OPENED)
            except ControllerTrouble as trouble:
                said.append(trouble.outcome)
        await controller.close()
        return said

    with running(fake):
        return asyncio.run(all_of_them())


def unifi_api(**changed: Answer) -> FakeController:
    """The integration API with one site and one guest."""
    site = f"/v1/sites/{SITE_ID}/clients"
    answers: dict[str, Any] = {
        f"{site}/c-1/actions": (200, {"action": "AUTHORIZE_GUEST_ACCESS"}),
        site: (200, {"data": [{"id": "c-1", "macAddress": MAC}]}),
        "/v1/sites": (200, {"data": [{"id": SITE_ID, "internalReference": "default", "name": "Corner"}]}),
    }
    return FakeController({**answers, **{f"/v1/sites{path}": answer for path, answer in changed.items()}})


def test_unifi_by_its_key() -> None:
    fake = unifi_api()
    assert ask(PortalSystem.UNIFI, fake, asked(secret="api-key")) == [LetOut.OPENED]
    find, act = fake.calls[1], fake.calls[2]
    assert find.query == {"filter": f"macAddress.eq('{MAC}')"}
    assert (act.method, act.body) == ("POST", {"action": "AUTHORIZE_GUEST_ACCESS", "timeLimitMinutes": 61})
    assert {call.headers["x-api-key"] for call in fake.calls} == {"api-key"}


def test_unifi_does_not_know_the_phone_yet() -> None:
    fake = unifi_api()
    fake.answers[f"/v1/sites/{SITE_ID}/clients"] = (200, {"data": []})
    assert ask(PortalSystem.UNIFI, fake, asked(site=SITE_ID, secret="api-key")) == [LetOut.PHONE_UNKNOWN]
    assert fake.paths() == [f"/v1/sites/{SITE_ID}/clients"]  # a site's id is not looked up


def legacy(sign_in: str, root: str) -> FakeController:
    fake = FakeController({sign_in: (200, {"meta": {"rc": "ok"}}), f"{root}/api/s/default/cmd/stamgr": stamgr})
    fake.cookies = "unifises=1; Path=/"
    return fake


def stamgr(call: Call) -> Answer:
    return (200, {"meta": {"rc": "ok"}}) if "unifises" in call.headers.get("cookie", "") else (401, {})


@pytest.mark.parametrize(("sign_in", "root"), [("/api/login", ""), ("/api/auth/login", "/proxy/network")])
def test_unifi_by_a_user_at_a_controller_and_on_a_console(sign_in: str, root: str) -> None:
    fake = legacy(sign_in, root)
    user = {"username": "portal", "password": "pw"}
    assert ask(PortalSystem.UNIFI, fake, asked(**user), asked(**user)) == [LetOut.OPENED, LetOut.OPENED]
    assert fake.paths().count(sign_in) == 1  # the session is kept
    assert fake.calls[-1].body == {"cmd": "authorize-guest", "mac": MAC, "minutes": 61, "ap_mac": AP}


def test_unifi_signs_in_again_when_its_session_has_ended() -> None:
    fake, ended = legacy("/api/login", ""), [True]

    def once_over(call: Call) -> Answer:
        return (401, {}) if ended and ended.pop() else stamgr(call)

    fake.answers["/api/s/default/cmd/stamgr"] = once_over
    assert ask(PortalSystem.UNIFI, fake, asked(username="portal", password="pw")) == [LetOut.OPENED]
    assert fake.paths().count("/api/login") == 2


def test_omada_counts_milliseconds() -> None:
    fake = FakeController({
        "/omadac/api/v2/hotspot/login": (200, {"errorCode": 0, "result": {"token": "csrf"}}),
        "/omadac/api/v2/hotspot/extPortal/auth": (200, {"errorCode": 0}),
    })  # fmt: skip
    operator = {"username": "operator", "password": "pw"}
    assert ask(PortalSystem.OMADA, fake, asked(site="omadac", **operator)) == [LetOut.OPENED]
    assert fake.calls[0].body == {"name": "operator", "password": "pw"}
    assert fake.calls[1].headers["csrf-token"] == "csrf"
    assert fake.calls[1].body == {
        "clientMac": "02-00-5E-10-00-01",
        "apMac": "00-00-5E-00-53-01",
        "ssidName": "corner",
        "radioId": "0",
        "site": "Default",
        "authType": 4,
        "time": 3_601_000,
    }


def test_omada_behind_a_gateway_names_the_gateway() -> None:
    fake = FakeController({"/c/api/v2/hotspot/login": (200, {"errorCode": 0, "result": {"token": "t"}}),
                           "/c/api/v2/hotspot/extPortal/auth": (200, {"errorCode": 0})})  # fmt: skip
    query = "clientMac=02-00-5E-10-00-01&gatewayMac=00-00-5E-00-53-01&vid=10&site=S"
    assert ask(PortalSystem.OMADA, fake, asked(query, site="c", username="o", password="p")) == [LetOut.OPENED]
    assert {name: fake.calls[1].body.get(name) for name in ("gatewayMac", "vid", "apMac")} == {
        "gatewayMac": "00-00-5E-00-53-01",
        "vid": "10",
        "apMac": None,
    }


def test_omada_refuses_a_wrong_operator() -> None:
    fake = FakeController({"/c/api": (200, {"errorCode": -30109})})
    assert ask(PortalSystem.OMADA, fake, asked(site="c")) == [LetOut.CONTROLLER_REFUSED]


def test_smartzone_gets_back_the_sealed_address() -> None:
    fake = FakeController({"/portalintf": (200, {"ResponseCode": 201})})
    query = "client_mac=ENC0011&uip=ENC2233&proxy=0"
    nbi = {"username": "nbi", "password": "pw"}
    assert ask(PortalSystem.SMARTZONE, fake, asked(query, **nbi)) == [LetOut.OPENED]
    said = fake.calls[0].body
    assert (said["RequestType"], said["UE-MAC"], said["UE-IP"]) == ("Login", "ENC0011", "ENC2233")
    assert (said["RequestUserName"], said["RequestPassword"]) == ("nbi", "pw")


def test_ruckus_one_has_a_password_alone() -> None:
    fake = FakeController({"/portalintf": (200, {"ResponseCode": "101"})})
    assert ask(PortalSystem.SMARTZONE, fake, asked("client_mac=02005e100001", secret="key")) == [LetOut.OPENED]
    assert (fake.calls[0].body["RequestType"], fake.calls[0].body["RequestPassword"]) == ("Authorize", "key")
    assert "RequestUserName" not in fake.calls[0].body


@pytest.mark.parametrize(
    ("said", "outcome"), [(302, LetOut.PHONE_UNKNOWN), (301, LetOut.CONTROLLER_REFUSED), ("x", LetOut.BAD_ANSWER)]
)
def test_smartzone_s_codes_are_told_apart(said: object, outcome: LetOut) -> None:
    fake = FakeController({"/portalintf": (200, {"ResponseCode": said})})
    assert ask(PortalSystem.SMARTZONE, fake, asked()) == [outcome]


def test_sonicwall_and_alta() -> None:
    xml = "<SonicWALLAccessGatewayParam><AuthenticationReply><ResponseCode>50</ResponseCode></AuthenticationReply>"
    wall = FakeController({"/externalGuestLogin.cgi": (200, xml)})
    assert ask(PortalSystem.SONICWALL, wall, asked()) == [LetOut.OPENED]
    assert wall.calls[0].body == {
        "sessId": "00ff",
        "userName": MAC,
        "sessionLifetime": "3601",
        "idleTimeout": "300",
    }
    alta = FakeController({"/api/wifi/auth": (200, {"ok": True})})
    assert ask(PortalSystem.ALTA, alta, asked(secret="s")) == [LetOut.OPENED]
    assert alta.calls[0].body == {"token": "abc", "secret": "s", "timeout": 3601}


def crooked(answer: Answer) -> Callable[[Call], Answer]:
    return lambda _: answer


@pytest.mark.parametrize("system", AUTHORIZE)
@pytest.mark.parametrize(
    ("answer", "outcomes"),
    [
        ((500, "oops"), {LetOut.CONTROLLER_AWAY}),
        ((403, "no"), {LetOut.CONTROLLER_REFUSED, LetOut.BAD_ANSWER}),
        ((200, "<html>"), {LetOut.BAD_ANSWER, LetOut.OPENED}),  # Alta says nothing that could be read
        ((200, []), {LetOut.BAD_ANSWER, LetOut.CONTROLLER_REFUSED, LetOut.OPENED}),
        ((200, {"data": 7, "result": 7, "errorCode": "x", "meta": [], "ResponseCode": None}),
         {LetOut.BAD_ANSWER, LetOut.CONTROLLER_REFUSED, LetOut.OPENED}),
    ],
)  # fmt: skip
def test_a_crooked_answer_is_no_error_of_ours(system: PortalSystem, answer: Answer, outcomes: set[LetOut]) -> None:
    fake = FakeController({"/": crooked(answer)})
    (said,) = ask(system, fake, asked(secret="k", username="u", password="p"))
    assert said in outcomes
    assert said is not LetOut.OPENED or system is PortalSystem.ALTA
    if answer[0] == 500:
        assert len(fake.calls) == TRIES


def test_a_controller_that_is_not_there_is_away() -> None:
    async def call() -> None:
        nobody = Controller(f"http://127.0.0.1:{free_port()}", 1.0, first_wait_s=0.001)
        await AUTHORIZE[PortalSystem.OMADA](nobody, asked())

    with pytest.raises(ControllerTrouble) as trouble:
        asyncio.run(call())
    assert trouble.value.outcome is LetOut.CONTROLLER_AWAY
    assert MAC not in str(trouble.value)
