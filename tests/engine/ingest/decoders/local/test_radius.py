"""RADIUS accounting: forms, dates, stations and names, beside what the recorded requests show."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.engine.ingest.decoders.saying import AP, NOW, PHONE, absent, changes, decoded, refusal, refused

START = {
    "Acct-Status-Type": "Start",
    "Calling-Station-Id": "06-00-00-00-00-01",
    "Called-Station-Id": "02-00-5E-00-53-01:Magasin",
    "Event-Timestamp": "Nov 28 2026 10:00:00 UTC",
}


@pytest.mark.parametrize(
    "body",
    [
        START,
        {name: {"type": "string", "value": [value]} for name, value in START.items()},
        {name: {"type": "string", "value": value} for name, value in START.items()},
        [START],
        urlencode(START),
    ],
)
def test_every_form_says_the_same(body: Any) -> None:
    found = decoded("radius", body)
    assert changes(found) == [(PHONE, "connect", AP)]
    assert (found.sessions[0].ssid, found.sessions[0].t) == ("Magasin", NOW)


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("Start", "connect"),
        (1, "connect"),
        ("Stop", "disconnect"),
        ("2", "disconnect"),
        ("Interim-Update", "update"),
        ("Alive", "update"),
    ],
)
def test_a_status_is_a_word_or_a_number(status: Any, event: str) -> None:
    assert changes(decoded("radius", START | {"Acct-Status-Type": status})) == [(PHONE, event, AP)]


@pytest.mark.parametrize("status", ["Accounting-On", "Accounting-Off", 7, 8])
def test_a_controller_that_starts_or_stops_ends_all_its_sessions(status: Any) -> None:
    found = decoded("radius", {"Acct-Status-Type": status, "NAS-Identifier": "wlc", "NAS-IP-Address": "10.0.0.1"})
    assert changes(found) == [("*", "disconnect", "10.0.0.1")]


@pytest.mark.parametrize("status", ["Failed", "Tunnel-Start", "", None])
def test_other_requests_say_nothing(status: Any) -> None:
    found = decoded("radius", START | {"Acct-Status-Type": status})
    assert (found.sessions, found.refused, found.ignored) == ([], {}, 1)


@pytest.mark.parametrize(
    ("called", "ap", "ssid"),
    [
        ("02:00:5e:00:53:01:Chez:Nous", AP, "Chez:Nous"),
        ("02005E005301", AP, ""),
        ("0200.5e00.5301:", AP, ""),
        ("0200-5e00-5301:x", AP, "x"),
        ("hotspot1", "hotspot1", ""),
        ("ap-caisse:Magasin", "ap-caisse", "Magasin"),
        ("", "", ""),
    ],
)
def test_a_called_station_is_an_access_point_and_perhaps_a_network(called: str, ap: str, ssid: str) -> None:
    session = decoded("radius", START | {"Called-Station-Id": called}).sessions[0]
    assert (session.ap, session.ssid) == (ap, ssid)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Calling-Station-Id": None}, "no_mac"),
        ({"Calling-Station-Id": ""}, "no_mac"),
        ({"Calling-Station-Id": "10.0.0.7"}, "bad_mac"),
        ({"Calling-Station-Id": "00-00-00-00-00-00"}, "bad_mac"),
        ({"NAS-Port-Type": "Ethernet"}, "wired"),
        ({"NAS-Port-Type": 15}, "wired"),
        ({"Event-Timestamp": "Nov 31 2026 10:00:00 UTC"}, "bad_time"),
        ({"Event-Timestamp": "Frimaire 8 CCXXXV"}, "bad_time"),
    ],
)
def test_a_request_that_gives_nothing_costs_itself_alone(change: dict[str, Any], reason: str) -> None:
    found = decoded("radius", [START | change, START])
    assert (changes(found), refused(found)) == ([(PHONE, "connect", AP)], {reason: 1})


@pytest.mark.parametrize(
    ("date", "t"),
    [
        ("Nov 28 2026 10:00:00 UTC", NOW),
        ("Nov  1 2026 10:00:00 GMT", NOW - 27 * 86_400),
        (1795860000, NOW),
        ("1795860000", NOW),
        ("2026-11-28T11:00:00+0100", NOW),
    ],
)
def test_a_date_is_english_or_seconds_or_iso(date: Any, t: float) -> None:
    assert decoded("radius", START | {"Event-Timestamp": date}).sessions[0].t == t


def test_a_zone_that_only_the_server_knows_is_the_time_of_receipt() -> None:
    assert absent(decoded("radius", START | {"Event-Timestamp": "Nov 28 2026 11:00:00 CET"}).sessions[0].t)


def test_a_request_that_waited_happened_so_much_earlier() -> None:
    waited = {key: value for key, value in START.items() if key != "Event-Timestamp"} | {"Acct-Delay-Time": 40}
    assert decoded("radius", waited).sessions[0].t == NOW - 40
    assert absent(decoded("radius", waited | {"Acct-Delay-Time": 0}).sessions[0].t)


@pytest.mark.parametrize(
    ("said", "user"),
    [
        ({"User-Name": "anna"}, "anna"),
        ({"User-Name": "060000000001"}, ""),
        ({"User-Name": "anonymous@shop.example", "Chargeable-User-Identity": "cui-7"}, "cui-7"),
        ({"User-Name": "anonymous"}, ""),
        ({}, ""),
    ],
)
def test_who_signed_in_is_a_person_or_nobody(said: dict[str, str], user: str) -> None:
    found = decoded("radius", START | said | {"Framed-IP-Address": "10.0.0.5"})
    assert [tuple(one) for one in found.identities] == [(PHONE, user, "10.0.0.5")]


def test_huaweis_own_attributes_are_no_reading() -> None:
    extras = {"Huawei-Extended": "Wifi-Density=-35,TERMINAL-POS-X=0,TERMINAL-POS-Y=0"}
    found = decoded("radius", START | extras)
    assert (found.readings, found.positions, changes(found)) == ([], [], [(PHONE, "connect", AP)])


def test_lines_have_the_columns_that_the_administrator_tells() -> None:
    lines = f'"2026-11-28T10:00:00Z";{PHONE};Start;junk\n\n;;Stop\n'
    found = decoded("radius", lines, columns="time, calling, status, other", delimiter=";")
    assert (changes(found), refused(found)) == ([(PHONE, "connect", "")], {"no_mac": 1})


@pytest.mark.parametrize("delimiter", ["", ",,"])
def test_a_delimiter_that_is_none_is_refused(delimiter: str) -> None:
    assert refusal("radius", "a,b", columns="time,status", delimiter=delimiter) == "bad_shape"


@pytest.mark.parametrize(("body", "reason"), [("", "not_json"), ("Start,06", "not_json"), ("3", "bad_shape")])
def test_what_is_no_request_is_refused(body: str, reason: str) -> None:
    assert refusal("radius", body) == reason


def test_a_request_that_is_sent_again_is_told_once() -> None:
    first = START | {"Acct-Session-Id": "5e0053"}
    again, later = first | {"Acct-Delay-Time": 5}, first | {"Event-Timestamp": "Nov 28 2026 10:00:09 UTC"}
    found = decoded("radius", [first, again, later])
    assert [session.t - NOW for session in found.sessions] == [0, 9]
    assert refused(found) == {"duplicate": 1}
    assert len(decoded("radius", [START, START]).sessions) == 2  # nothing says that it is the same
