"""`rayon decode`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.commands import build
from api.cli.decode.kinds import unheard
from engine.errors import OperatorError
from tests.engine.ingest.decoders.vendors import AP, NOW, OTHER, PHONE

TOPIC = f"meraki/v1/mr/N_1/{AP}/wifi/{PHONE}"
SCAN = {"version": "3.0", "secret": "right", "data": {"observations": [
    {"clientMac": PHONE, "latestRecord": {"nearestApMac": AP, "nearestApRssi": -60, "time": NOW}},
    {"clientMac": None},
]}}  # fmt: skip


def rayon(*arguments: str | Path) -> str:
    return CliRunner().invoke(build(), ["decode", *map(str, arguments)], catch_exceptions=False).stdout


def decoded(*arguments: str | Path) -> dict[str, Any]:
    form: dict[str, Any] = json.loads(rayon(*arguments, "--json"))
    return form


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    file = tmp_path / "scan.json"
    file.write_text(json.dumps(SCAN))
    return file


def test_one_object_says_what_a_message_means(scan: Path) -> None:
    assert decoded("meraki-scanning-v3", scan) == {
        "readings": [{"mac": PHONE, "ap": AP, "t": NOW, "rssi_dbm": -60}],
        "positions": [], "sessions": [], "refused": {"no_mac": 1}, "identity": [], "ignored": 0, "answer": None,
        "notes": {"secret": "not checked: give --secret-env"},
    }  # fmt: skip


def test_a_time_that_is_not_given_is_null_and_a_topic_can_be(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"rssi": "-58"}')
    form = decoded("meraki-mqtt", tmp_path / "a.json", "--topic", TOPIC)
    assert form["readings"] == [{"mac": PHONE, "ap": AP, "t": None, "rssi_dbm": -58}]
    (tmp_path / "a.topic").write_text(TOPIC.replace(PHONE, OTHER))
    assert decoded("meraki-mqtt", tmp_path / "a.json")["readings"][0]["mac"] == OTHER


def test_several_files_add_up_and_each_one_s_refusals_are_named(scan: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_bytes(scan.read_bytes()[:50])
    form = decoded("meraki-scanning", scan, tmp_path / "cut.json", scan)
    assert (len(form["readings"]), form["refused"]) == (2, {"no_mac": 2, "not_json": 1})
    assert [one["refused"] for one in form["files"]] == [{"no_mac": 1}, {"not_json": 1}, {"no_mac": 1}]


@pytest.mark.parametrize(
    ("told", "refused"),
    [
        ((), {"no_mac": 1}),
        (("--told", "secret=right"), {"no_mac": 1}),
        (("--told", "secret=wrong"), {"bad_secret": 1}),
        (("--secret-env", "SHOP_SECRET"), {"bad_secret": 1}),
    ],
)
def test_a_secret_is_checked_where_one_is_told(
    scan: Path, monkeypatch: pytest.MonkeyPatch, told: tuple[str, ...], refused: dict[str, int]
) -> None:
    monkeypatch.setenv("SHOP_SECRET", "another")
    assert decoded("meraki-scanning-v3", scan, *told)["refused"] == refused


def test_a_declared_source_is_a_kind_and_what_is_told_of_it(
    scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        "sources: [{name: cloud, kind: meraki-scanning-v3, stores: [shop], receiver: true, secret_env: SHOP_SECRET,\n"
        "  options: {validator: a1b2}}]\n"
    )
    monkeypatch.setenv("SHOP_SECRET", "right")
    assert len(decoded("cloud", scan, "--config", config)["readings"]) == 1
    monkeypatch.setenv("SHOP_SECRET", "wrong")
    assert decoded("cloud", scan, "--config", config)["refused"] == {"bad_secret": 1}
    (tmp_path / "get.txt").write_text("GET /in/cloud HTTP/1.1\nHost: a\n\n")
    answered = decoded("cloud", tmp_path / "get.txt", "--config", config)
    assert answered["http"] == {"status": 200, "body": "a1b2", "content_type": "text/plain"}


def test_a_source_that_is_neither_lists_the_kinds(scan: Path) -> None:
    with pytest.raises(OperatorError, match=r"meraky: no such kind.*one of .*meraki-mqtt.*openwrt"):
        rayon("meraky", scan)


@pytest.mark.parametrize(
    "wrong", [("--told", "ap"), ("--secret-env", "NOT_SET_HERE"), ("--told", "now=soon"), ("absent.json",)]
)
def test_a_mistake_of_who_types_is_said(scan: Path, wrong: tuple[str, ...]) -> None:
    with pytest.raises(OperatorError):
        rayon("meraki-scanning-v3", scan, *wrong)


def test_without_json_it_is_a_table(scan: Path) -> None:
    lines = rayon("meraki-scanning-v3", scan).splitlines()
    assert lines[0] == "1 reading"
    assert lines[1].split() == ["mac", "ap", "t", "rssi_dbm"]
    assert lines[2].split() == [PHONE, AP, "1795860000", "-60"]
    assert lines[-2:] == [
        "1 refused: no_mac: no address of a phone: is that field switched on?",
        "secret: not checked: give --secret-env",
    ]


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("mist", '{"events": []}', "no `topic` key in the body"),
        ("mist", "null", "a JSON null, not an object"),
        ("esp32", "3", "a JSON number where records should be"),
        ("radius", "a,b,c", "--told columns="),
        ("esp32", json.dumps({"mac": PHONE, "rssi": -60}), "--told ap=NAME"),
        ("mist", '{"topic": "ping"}', "signature not checked: give --secret-env"),
    ],
)
def test_a_refusal_says_what_helps(tmp_path: Path, kind: str, body: str, said: str) -> None:
    (tmp_path / "m.json").write_text(body)
    assert said in rayon(kind, tmp_path / "m.json")


def test_what_is_told_in_vain_is_said() -> None:
    (said,) = unheard("radius", {"colums": "time", "now": "1"})
    assert said.startswith("--told colums: radius is told no such thing, but columns, delimiter")


def test_degrees_have_six_digits(tmp_path: Path) -> None:
    place = {"time": NOW, "lat": 48.8566135, "lng": 2.3522219, "variance": 1.5}
    seen = {"version": "3.0", "data": {"observations": [{"clientMac": PHONE, "locations": [place]}]}}
    (tmp_path / "m.json").write_text(json.dumps(seen))
    assert " 2.352222  48.856614 " in rayon("meraki-scanning-v3", tmp_path / "m.json")


def test_half_a_character_in_a_name_is_printed_all_the_same(tmp_path: Path) -> None:
    event = {"mac": PHONE, "zone_id": "\ud800", "trigger": "enter", "timestamp": NOW}
    (tmp_path / "zone.json").write_text(json.dumps({"topic": "zone", "events": [event]}))
    assert decoded("mist", tmp_path / "zone.json")["sessions"][0]["event"] == "enter"
    assert "enter" in rayon("mist", tmp_path / "zone.json")


def test_a_secret_of_a_kind_that_proves_nothing_is_told_apart(
    scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T_SECRET", "right")
    (tmp_path / "start.json").write_text('{"Acct-Status-Type": "Start"}')

    def noted(kind: str, file: Path) -> str:
        return CliRunner().invoke(build(), ["decode", kind, str(file), "--secret-env", "T_SECRET"]).stderr

    assert "messages of freeradius carry no proof" in noted("freeradius", tmp_path / "start.json")
    assert noted("meraki-scanning", scan) == ""
