"""Every redirect of tests/payloads/portals says exactly what its file expects; and no text at all breaks the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ingest.portals.company import who
from engine.ingest.portals.landing import split
from engine.ingest.portals.parse import SYSTEMS, parse
from engine.ingest.portals.records import BrowserStep, GuestAccount, Onward, PortalRedirect, PortalTold
from engine.vocabulary import PortalRefusal, PortalSystem, WayOut
from tests.examples import examples

FOLDER = Path(__file__).parents[3] / "payloads" / "portals"
RECORDED = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def read(recorded: dict[str, Any]) -> PortalRedirect:
    told = recorded.get("told", {})
    known = PortalTold(told.get("identity", ""), told.get("secret", ""), told.get("now", 0.0))
    return parse(recorded["target"], recorded.get("headers"), recorded.get("body", ""), known)


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_redirect_says_what_its_file_expects(name: str) -> None:
    found = read(RECORDED[name])
    assert {
        "system": found.system,
        "portal": {
            "client_mac": found.client_mac,
            "client_ip": found.client_ip,
            "ap": found.ap,
            "ssid": found.ssid,
        },
        "refused": found.refused,
        "how": found.grant.how,
        "url": found.grant.url,
    } == RECORDED[name]["expected"]


def test_every_system_has_a_recorded_redirect() -> None:
    assert {read(recorded).system for recorded in RECORDED.values()} == set(PortalSystem)
    assert {system.name for system in SYSTEMS.values()} == set(PortalSystem)


def test_no_representation_holds_an_address_of_a_phone() -> None:
    """What is logged by mistake gives nobody away."""
    for recorded in RECORDED.values():
        shown = repr(read(recorded)).lower()
        assert not any(s in shown for s in ("5e:10:00:01", "5e-10-00-01", "5e100001", "5e%3a10"))


NAMES = (
    "client_mac",
    "clientMac",
    "clientmac",
    "usermac",
    "ga_cmac",
    "STA-MAC",
    "Calling-Station-Id",
    "umac",
    "id",
    "mac",
)
SPELLINGS = (
    "02:00:5e:10:00:01", "02:00:5E:10:00:01", "02-00-5e-10-00-01", "02005e100001", "02005E100001", "0200.5e10.0001",
    "0200-5e10-0001", "02.00.5e.10.00.01", "02_00_5e_10_00_01", "2:0:5e:10:0:1", "02005e-100001", "0x02005e100001",
    "02%3A00%3A5e%3A10%3A00%3A01", "02%253A00%253A5e%253A10%253A00%253A01", "02+00+5e+10+00+01", "MAC-02005E100001",
)  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", NAMES)
def test_one_phone_in_every_spelling_under_every_name(name: str, spelling: str) -> None:
    found = parse(f"/w/corner?ap_mac=00005e005301&{name}={spelling}&url=http%3A%2F%2Fshop.example")
    assert (found.client_mac, found.ap, found.refused) == ("02:00:5e:10:00:01", "00:00:5e:00:53:01", None)
    assert found.original_url == "http://shop.example"


@pytest.mark.parametrize("mac", ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "33:33:00:00:00:01"])
@pytest.mark.parametrize("name", NAMES[:8])
def test_the_address_of_nobody_or_of_a_group_is_no_phone(name: str, mac: str) -> None:
    found = parse(f"/?{name}={mac}")
    assert (found.client_mac, found.refused) == (None, PortalRefusal.BAD_MAC)


LETTERS = st.text(st.characters(codec="utf-8"), max_size=12)
GARBAGE = st.one_of(
    st.sampled_from(["&", "=", "?", "%", "%%", "+", "#", "%00", "\x00", "ENC", "fas=", ", ", "[::1]"]), LETTERS
)


@pytest.mark.parametrize(
    ("query", "system"),
    [
        ("id=02:00:5e:10:00:01&ap=00:00:5e:00:53:01", PortalSystem.UNIFI),
        ("id=7&ap=00:00:5e:00:53:01", PortalSystem.GENERIC),
        ("mgtMacAddress=00005e005301&mac=02005e100001", PortalSystem.AEROHIVE),
        ("autherr=0&challenge=00&mac=02005e100001", PortalSystem.AEROHIVE),
    ],
)
def test_a_system_is_known_by_the_names_that_only_it_has(query: str, system: PortalSystem) -> None:
    assert parse(f"/w/corner?{query}").system is system


def test_opennds_says_after_its_own_page_what_it_said_before_it_and_nobody_else_does() -> None:
    """A `status` page hands on the first address in `redir`; without one, `redir` is anybody's."""
    said = RECORDED["opennds-level1"]["target"].partition("?")[2]
    onward = quote(f"http://192.168.1.1/w/corner?{said}&a=1", safe="")
    for query, mac in ((said, True), (f"status=landing&redir={onward}", True), (f"redir={onward}", False)):
        assert (parse(f"/w/corner?{query}").client_mac == "02:00:5e:10:00:01") == mac
    assert parse(f"/w/corner?status=landing&{said}&redir=x").client_mac == "02:00:5e:10:00:01"


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str]:
    """A recorded redirect and form, cut, stuffed and mixed with another."""
    recorded = RECORDED[draw(st.sampled_from(sorted(RECORDED)))]
    other = RECORDED[draw(st.sampled_from(sorted(RECORDED)))]
    texts = []
    for text in (recorded["target"], recorded.get("body", "")):
        for _ in range(draw(st.integers(0, 3))):
            at, to = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
            text = text[:at] + draw(GARBAGE) + text[to:]
        if draw(st.booleans()):
            text += "&" + other["target"].partition("?")[2]
        texts.append(text)
    return texts[0], texts[1]


@examples(300)
@given(mutated(), st.sampled_from(["", "made-up-secret-of-tests", "k" * 80]))
def test_a_mutated_redirect_gives_a_phone_or_one_reason(texts: tuple[str, str], secret: str) -> None:
    target, body = texts
    found = parse(target, {"Host": "shop.example"}, body, PortalTold("CORNER", secret, 1_800_000_000.0))
    assert (found.client_mac is None) == (found.refused is not None)
    assert found.refused is None or found.refused in set(PortalRefusal)
    assert found.grant.how in set(WayOut)
    if found.client_mac is not None:
        assert len(found.client_mac) == 17
        assert not int(found.client_mac[:2], 16) & 1
        assert found.client_mac != found.ap
    system = next(s for s in SYSTEMS.values() if s.matches(found.landing))
    if system.step is not None:
        try:
            step = system.step(
                found.landing, GuestAccount("guest", "pass", secret), Onward("https://shop.example/", 60)
            )
        except ValueError:
            return
        assert isinstance(step, BrowserStep)


@examples(200)
@given(st.text(max_size=300), st.binary(max_size=100))
def test_any_text_is_read(text: str, raw: bytes) -> None:
    for target in (text, "/?" + text, "/?fas=" + text, "http://" + text, raw.decode("latin-1")):
        found = parse(target, {"Host": text}, text, PortalTold(secret="x" * 16))
        assert (found.client_mac is None) == (found.refused is not None)


def test_half_a_character_is_no_error() -> None:
    """A command line hands on what it cannot decode."""
    signed = RECORDED["extreme-signed"]
    told = PortalTold("CORNER", signed["told"]["secret"], signed["told"]["now"])
    found = parse(signed["target"] + "&x=\ud800", {"Host": "\udcff"}, "a=\ud800", told)
    assert found.refused is PortalRefusal.BAD_SIGNATURE


def test_a_query_of_any_length_is_read_soon() -> None:
    """A megabyte of parameters costs no more than the first sixteen thousand characters."""
    assert who(split("a=1&" * 250_000 + "client_mac=02:00:5e:10:00:01")).refused is PortalRefusal.NO_MAC
    assert who(split("client_mac=" + "0" * 1_000_000)).refused is PortalRefusal.BAD_MAC
