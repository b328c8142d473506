"""What a request says, one rule at a time: its parts, its names, addresses in each spelling, whom they mean."""

from __future__ import annotations

import pytest

from engine.ingest.portals.company import original_url, who
from engine.ingest.portals.landing import LONGEST, MOST, Fields, decode_fully, fold, land, split
from engine.ingest.portals.requests import RawRequest, read_headers, read_request
from engine.ingest.portals.spellings import Spelt, is_one_device, mac_digits, read_ap, read_ip, read_phone, with_colons
from engine.vocabulary import PortalRefusal

PHONE, OTHER, AP = "02:00:5e:10:00:01", "02:00:5e:10:00:02", "00:00:5e:00:53:01"


def pairs(fields: Fields) -> list[tuple[str, str]]:
    return [(name, value) for name in sorted(fields.names()) for value in fields.all(name)]


@pytest.mark.parametrize(
    ("target", "host", "path", "query"),
    [
        ("/w/corner?a=1&b=2#x", "", "/w/corner", "a=1&b=2"),
        ("https://Shop.example:8443/w?a=b?c", "Shop.example:8443", "/w", "a=b?c"),
        ("http://shop.example?x=1", "shop.example", "/", "x=1"),
        ("https://shop.example", "shop.example", "/", ""),
        (" /w?x=1 \n", "", "/w", "x=1"),
        ("?x=1", "", "/", "x=1"),
        ("", "", "/", ""),
        ("coap+ws://h/p", "h", "/p", ""),
    ],
)
def test_a_target_is_host_path_and_query(target: str, host: str, path: str, query: str) -> None:
    landing = land(target)
    assert (landing.host, landing.path, landing.query) == (host, path, query)
    assert land(target, {"HOST": "proxy.example"}).host == "proxy.example"
    assert land(target, {"host": ""}).host == host


def test_query_and_form_are_read_together_decoded_once() -> None:
    landing = land("/w?Client-Mac=a%2520b&x&=7&y=", None, " url=c+d&x=1 ")
    assert pairs(landing.fields) == [("clientmac", "a%20b"), ("url", "c d"), ("x", "1")]
    assert landing.query == "Client-Mac=a%2520b&x&=7&y="
    assert landing.fields.names() == {"clientmac", "x", "y", "url"}
    assert len(landing.fields) == 5
    assert landing.fields.any_of("none", "y")
    assert not landing.fields.any_of("none", "client_mac")
    assert landing.fields.have("x", "y")
    assert not landing.fields.have("x", "none")
    assert (landing.fields.first("none", "y", "url"), landing.fields.first("y")) == ("c d", "")
    assert fold("GA_Client-Mac.2é") == "gaclientmac2"


def test_of_long_queries_the_first_parameters_are_read() -> None:
    assert (LONGEST, MOST) == (16_384, 200)
    assert len(split("&".join(f"p{i}=1" for i in range(201)))) == 200
    assert split("&".join(f"p{i}=1" for i in range(201))).first("p199") == "1"
    assert split("a=" + "x" * 20_000).first("a") == "x" * (16_384 - 2)


def test_four_escapes_are_undone_and_no_more() -> None:
    for n in range(5):
        assert decode_fully("%" + "25" * n + "3A" if n else "%3A") in (":", "%3A")
    assert decode_fully("%2525253A") == ":"
    assert decode_fully("%252525253A") == "%3A"
    assert decode_fully("plain") == "plain"


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("'02:00:5E:10:00:01'", "02005e100001"),
        ('"02005e100001"', "02005e100001"),
        ("mac-02005e100001", "02005e100001"),
        ("MAC-02:00:5e:10:00:01", "02005e100001"),
        ("02005e-100001", "02005e100001"),
        ("0200:5e10:0001", "02005e100001"),
        ("0x02005e100001", "02005e100001"),
        ("2:0:5e:10:0:1", "02005e100001"),
        ("02 00 5e 10 00 01", "02005e100001"),
        ("02:00-5e:10:00:01", None),
        ("0200:5e10-0001", None),
        ("02005e10000", None),
        ("02005e1000011", None),
        ("2-0-5e-10-0-1", None),
        ("02:00:5e:10:00:0g", None),
        ("", None),
    ],
)
def test_an_address_in_each_spelling(text: str, digits: str | None) -> None:
    assert mac_digits(text) == digits


@pytest.mark.parametrize(
    ("digits", "one"),
    [
        ("000000000000", False), ("000000000001", True), ("010000000000", False), ("020000000000", True),
        ("ff0000000000", False), ("fe0000000000", True), ("0f0000000000", False), ("100000000000", True),
    ],
)  # fmt: skip
def test_a_device_is_no_group_and_not_nobody(digits: str, one: bool) -> None:
    assert is_one_device(digits) == one
    assert with_colons("02005e100001") == PHONE


BAD, ENC, HASHED = PortalRefusal.BAD_MAC, PortalRefusal.ENCRYPTED, PortalRefusal.HASHED_MAC


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        (PHONE, Spelt(PHONE)),
        ("", Spelt()),
        (" - ", Spelt()),
        ("(NULL)", Spelt()),
        ("n%2Fa", Spelt()),
        ("01:00:5e:00:00:fb", Spelt(flaw=BAD)),
        ("ENC" + "a" * 16, Spelt(flaw=ENC)),
        ("ENC" + "a" * 15, Spelt(flaw=BAD)),
        ("A" * 32, Spelt(flaw=HASHED)),
        ("a" * 31, Spelt(flaw=BAD)),
        ("a" * 40, Spelt(flaw=HASHED)),
        ("0" * 64, Spelt(flaw=HASHED)),
        ("a" * 33, Spelt(flaw=BAD)),
        ("ten signs.", Spelt(flaw=BAD, word=True)),
        ("eleven sign", Spelt(flaw=BAD)),
    ],
)
def test_what_a_value_says_of_the_phone(text: str, spelt: Spelt) -> None:
    assert read_phone(text) == spelt


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("00-00-5E-00-53-01:Corner Guest", (AP, "Corner Guest")),
        ("00005e005301:Guest", (AP, "Guest")),
        ("0000.5e00.5301:a:b", (AP, "a:b")),
        (AP, (AP, "")),
        ("00-00-5E-00-53-01:", (None, "")),
        ("01-00-5E-00-53-01:Guest", (None, "Guest")),
        ("hall", (None, "")),
    ],
)
def test_an_access_point_with_what_hangs_on_it(text: str, found: tuple[str | None, str]) -> None:
    assert read_ap(text) == found


@pytest.mark.parametrize(
    ("text", "ip"),
    [
        ("10.0.0.7", "10.0.0.7"), (" 10.0.0.7 ", "10.0.0.7"), ("2001%3adb8::1", "2001:db8::1"), ("0.0.0.0", None),
        ("224.0.0.1", None), ("::", None), ("ff02::1", None), ("10.0.0", None), ("", None), ("10.0.0.256", None),
    ],
)  # fmt: skip
def test_an_address_of_one_device(text: str, ip: str | None) -> None:
    assert read_ip(text) == ip


NO, TWO, OF_AP = PortalRefusal.NO_MAC, PortalRefusal.AMBIGUOUS, PortalRefusal.AP_MAC


@pytest.mark.parametrize(
    ("query", "client", "ap", "refused"),
    [
        (f"client_mac={PHONE}&mac={AP}", PHONE, AP, None),  # beside a phone's name, mac is the access point
        (f"mac={PHONE}&ap_mac={AP}", PHONE, AP, None),  # beside an access point's, the phone
        (f"mac={PHONE}", PHONE, None, None),
        (f"mac={AP}&sip=1&uip=10.0.0.7", None, AP, NO),  # two names of Ruckus
        (f"mac={PHONE}&sip=1", PHONE, None, None),  # one
        (f"mac={PHONE}&sip=1&uip=2&cmd=login", PHONE, None, None),  # and one of a hotspot
        (f"client_mac=7&mac={PHONE}", PHONE, None, None),  # a word is no address in any form
        (f"client_mac=ENC{'a' * 16}&mac={AP}", None, AP, ENC),  # what may be one is
        (f"client_mac={'a' * 32}&mac={AP}", None, AP, HASHED),
        (f"client_mac={'a' * 20}&mac={AP}", None, AP, BAD),
        (f"client_mac={PHONE}&mac={PHONE}", PHONE, None, None),
        (f"id={PHONE}&client_mac={OTHER}", OTHER, None, None),  # the surer name
        (f"id={PHONE}&mac={OTHER}", PHONE, None, None),
        (f"client_mac={PHONE}&usermac={OTHER}", None, None, TWO),
        (f"client_mac={PHONE}&usermac=02005E100001", PHONE, None, None),
        (f"client_mac={AP}&ap_mac={AP}", None, AP, OF_AP),
        ("client_mac=&id=&ap_mac=", None, None, NO),
        ("id=7", None, None, NO),
        (f"usermac={'a' * 32}&stamac=x&guestmac=ENC{'b' * 20}", None, None, ENC),
        ("ap_name=hall%20 &ap_mac=x", None, "hall", None),
        (f"ap_name=hall&ap_mac={AP}", None, AP, None),
        (f"gw_mac={OTHER}&ap_mac={AP}", None, AP, None),  # the surest first
        ("ap=hall", None, "hall", None),
    ],
)
def test_whom_the_names_mean(query: str, client: str | None, ap: str | None, refused: PortalRefusal | None) -> None:
    said = who(split(query))
    assert (said.client_mac, said.ap) == (client, ap)
    assert said.refused is (refused or (None if client else NO))


@pytest.mark.parametrize(
    ("query", "ip", "ssid"),
    [
        ("client_ip=0.0.0.0&uip=10.0.0.7&ssid=", "10.0.0.7", None),
        ("ip=10.0.0.7&client_ip=10.0.0.8&ssid=+Corner+", "10.0.0.8", "Corner"),
        ("ip=x", None, None),
        (f"called={AP}:Hung&essid=Own", None, "Own"),
        (f"called={AP}:Hung", None, "Hung"),
        ("wlan=Cisco&switch_url=http://1.1.1.1", None, "Cisco"),
        ("wlan=7", None, None),
    ],
)
def test_the_phones_ip_and_the_network(query: str, ip: str | None, ssid: str | None) -> None:
    said = who(split(query))
    assert (said.client_ip, said.ssid) == (ip, ssid)


def test_where_the_phone_wanted_to_go() -> None:
    assert original_url(split("url=http://b&userurl=http://a")) == "http://a"
    assert original_url(split("url=&x=1")) is None


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("\n GET /w?a=1 HTTP/1.1\r\nHost: a:80\r\nbad line\r\n: x\r\n\r\n",
         RawRequest("/w?a=1", {"Host": "a:80"})),
        ("POST /w HTTP/1.0\nContent-Type: application/X-WWW-form-urlencoded; charset=x\n\n a=1 \n",
         RawRequest("/w", {"Content-Type": "application/X-WWW-form-urlencoded; charset=x"}, "a=1")),
        ("POST /w\n\na=1", RawRequest("/w", {}, "a=1")),
        ("POST /w HTTP/1.1\ncontent-type: application/json\n\n{}", RawRequest("/w",
        {"content-type": "application/json"})),
        ("GET /w HTTP/1.1\n\na=1", RawRequest("/w")),
        (" https://a/w?b=1 \nmore", RawRequest("https://a/w?b=1")),
        ("PU /w", RawRequest("PU /w")),
        ("PUT /w", RawRequest("/w")),
        ("ABCDEFGHIJK /w", RawRequest("ABCDEFGHIJK /w")),
    ],
)  # fmt: skip
def test_a_raw_request(text: str, request_: RawRequest) -> None:
    assert read_request(text) == request_


def test_headers_are_names_and_values() -> None:
    assert read_headers("A: b:c\nno colon\n :x\nD:\n") == {"A": "b:c", "D": ""}


@pytest.mark.parametrize(
    ("target", "one"),
    [
        ("/w", True), ("?a=1", True), ("HTTP://a", True), ("a.b:80/c?d", True), ("a?b", True), ("a.b/c", False),
        ("", False), ("<html>", False), ("/w\x00", False), ("/w\x1f", False), ("/w\x7f", False), ("/w é", True),
    ],
)  # fmt: skip
def test_what_is_an_address_at_all(target: str, one: bool) -> None:
    assert RawRequest(target).is_one == one
