"""RADIUS accounting in full: every attribute that is read, and what stands in for another."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.engine.ingest.decoders.saying import (
    AP,
    NOW,
    PHONE,
    changes,
    decoded,
    refusal,
    refused,
)


def radius(at: float = NOW, **said: Any) -> Any:
    attributes = {"Acct-Status-Type": "Start", "Calling-Station-Id": PHONE, "Called-Station-Id": f"{AP}:Shop: one",
                  "User-Name": "ana"} | {name.replace("_", "-"): value for name, value in said.items()}  # fmt: skip
    return decoded("radius", {k: v for k, v in attributes.items() if v is not None}, at=at)


@pytest.mark.parametrize(
    ("status", "event"),
    [("Start", "connect"), (1, "connect"), ({"type": "integer", "value": [2]}, "disconnect"), ("STOP", "disconnect"),
     (["Interim-Update", "x"], "update"), ("Alive", "update"), (3, "update"), ("Failed", None), (None, None)],
)  # fmt: skip
def test_what_an_accounting_request_says(status: Any, event: str | None) -> None:
    found = radius(Acct_Status_Type=status)
    assert [(s.mac, s.event, s.ap, s.ssid) for s in found.sessions] == (
        [] if event is None else [(PHONE, event, AP, "Shop: one")]
    )
    assert found.ignored == (event is None)
    assert [i.user for i in found.identities] == ([] if event is None else ["ana"])


@pytest.mark.parametrize("status", ["Accounting-On", "Accounting-Off", 7, "8"])
def test_where_a_server_starts_anew_everybody_has_left(status: Any) -> None:
    for said in ({"NAS_IP_Address": "10.0.0.1"}, {"NAS_IPv6_Address": "10.0.0.1"}, {"NAS_Identifier": "10.0.0.1"}):
        assert changes(radius(Acct_Status_Type=status, **said)) == [("*", "disconnect", "10.0.0.1")]


@pytest.mark.parametrize(
    ("called", "ap", "ssid"),
    [
        (AP.replace(":", "-").upper() + ":Shop", AP, "Shop"), (AP, AP, ""), ("0200.5e00.5301:", AP, ""),
        (" till :Shop", "till", "Shop"),
        ("", "", ""), (AP + ":" + "S" * 100, AP, "S" * 100),
    ],
)  # fmt: skip
def test_which_access_point_and_network_were_called(called: str, ap: str, ssid: str) -> None:
    [session] = radius(Called_Station_Id=called).sessions
    assert (session.ap, session.ssid) == (ap, ssid)


@pytest.mark.parametrize(
    ("said", "t", "reason"),
    [
        ({"Event_Timestamp": "Nov 28 2026 10:00:00 UTC"}, NOW, ""),
        ({"Event_Timestamp": "Nov 28 2026 10:00:00 CET"}, None, ""),
        ({"Event_Timestamp": "Nov 31 2026 10:00:00 UTC"}, None, "bad_time"),
        ({"Event_Timestamp": "Foo 28 2026 10:00:00 UTC"}, None, "bad_time"),
        ({"Event_Timestamp": "1795860000"}, NOW, ""), ({"Event_Timestamp": "2026-11-28T10:00:00Z"}, NOW, ""),
        ({"Event_Timestamp": "x" * 90}, None, "bad_time"), ({"Acct_Delay_Time": 5}, NOW - 5, ""),
        ({"Acct_Delay_Time": 0}, None, ""),
        ({"Acct_Delay_Time": 86_399}, NOW - 86_399, ""), ({"Acct_Delay_Time": 86_400}, None, ""),
        ({"Acct_Delay_Time": -5}, None, ""),
    ],
)  # fmt: skip
def test_when_it_happened(said: dict[str, Any], t: float | None, reason: str) -> None:
    found = radius(**said)
    if reason:
        assert refused(found) == {reason: 1}
        return
    [session] = found.sessions
    assert math.isnan(session.t) if t is None else session.t == t


def test_who_is_on_cable_and_what_is_sent_again_gives_nothing() -> None:
    for port in ("Ethernet", 15, "Fast-Ethernet"):
        assert refused(radius(NAS_Port_Type=port)) == {"wired": 1}
    assert refused(radius(NAS_Port_Type="Wireless-802.11")) == {}
    request = {"Acct-Session-Id": "s", "Acct-Status-Type": "Start", "Calling-Station-Id": PHONE}
    twice = decoded("radius", [request, request, request | {"Acct-Session-Time": 5}])
    assert (len(twice.sessions), refused(twice)) == (2, {"duplicate": 1})
    unnamed = {k: v for k, v in request.items() if k != "Acct-Session-Id"}
    assert refused(decoded("radius", [unnamed, unnamed])) == {}, "without a session's name nobody knows"


@pytest.mark.parametrize(
    ("name", "charged", "user"),
    [("ana", "x", "ana"), ("anonymous@shop", "x", "x"), ("ANON", "x", "x"), ("", "x", "x"), ("anonymous", None, ""),
     (PHONE.replace(":", ""), "x", "")],
)  # fmt: skip
def test_who_signed_in(name: str, charged: str | None, user: str) -> None:
    found = radius(User_Name=name, Chargeable_User_Identity=charged, Framed_IP_Address="10.0.0.7")
    assert found.identities == [(PHONE, user, "10.0.0.7")]


def test_forms_and_lines_of_radius() -> None:
    form = f"Acct-Status-Type=Start&Calling-Station-Id={PHONE}&Called-Station-Id={AP}%3AShop"
    assert changes(decoded("radius", form)) == [(PHONE, "connect", AP)]
    assert refusal("radius", "x=1") == "not_json"
    assert refusal("radius", "Acct-Status-Type=Start" + "&a=b" * 1000) == "bad_shape"
    lines = f'"Nov 28 2026 10:00:00 UTC";Stop;{PHONE};ana;;x\n\nshort;Start'
    found = decoded("radius", lines, columns="[time, status; 'calling' user ip]", delimiter=";")
    assert [(s.mac, s.event, s.t) for s in found.sessions] == [(PHONE, "disconnect", NOW)]
    assert refused(found) == {"bad_time": 1}
    assert refusal("radius", "a;b", columns="status", delimiter=";;") == "bad_shape"
