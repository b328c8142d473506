"""Samples of refused frames: bounded, readable, and without a single MAC."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ingest.decoders.native import Frame
from engine.ingest.samples import MAX_BYTES, MOST_UNKNOWN, FrameSamples, UnknownPoints, note_refused
from engine.ingest.shapes import is_native, shape_of, shape_of_readings
from engine.masks import MASK, mask_local_macs, mask_macs
from engine.records import U64, Readings
from engine.vocabulary import ReadingRefusal

HEX = "0123456789abcdefABCDEF"
PAIRS = st.lists(st.text(HEX, min_size=2, max_size=2), min_size=6, max_size=6)


@pytest.mark.parametrize(
    "mac", ["aa:bb:cc:dd:ee:01", "AA-BB-CC-DD-EE-01", "aabb.ccdd.ee01", "AABBCCDDEE01", "aa_bb_cc_dd_ee_01"]
)
def test_every_spelling_is_masked(mac: str) -> None:
    assert mask_macs(f'{{"mac":"{mac}"}}') == f'{{"mac":"{MASK}"}}'


@pytest.mark.parametrize("text", ["1772355600.250", '{"rssi": -60}', "a1b2c3", "1772355600250", ""])
def test_other_texts_stay(text: str) -> None:
    assert mask_macs(text) == text


@given(PAIRS, st.sampled_from([":", "-", "_", " "]), st.text(max_size=20), st.text(max_size=20))
def test_no_mac_survives_wherever_it_stands(pairs: list[str], separator: str, before: str, after: str) -> None:
    mac = separator.join(pairs)
    assert mac not in mask_macs(before + mac + after)


TOLD_PAIRS = st.lists(st.from_regex(r"[a-fA-F][0-9]", fullmatch=True), min_size=6, max_size=6)
"""A letter and a digit: neither the mask nor what stands around an address has them side by side."""


@given(st.integers(0, 60), TOLD_PAIRS, st.sampled_from(["0:1:2:3:4:5", "0-1-2-3-4-5", "01.23.45", "012345"]))
def test_no_half_mac_is_left_where_a_payload_is_cut(shift: int, pairs: list[str], spelling: str) -> None:
    mac = "".join(pairs[int(at)] if at.isdigit() else at for at in spelling)
    samples = FrameSamples(1)
    payload = b"." * (MAX_BYTES - shift) + b'"' + mac.encode() + b'"' + b"." * 500
    samples.add("not_json", "rayon/s/readings/c", payload, 1.0)
    shown = samples.as_json()["not_json"][0]["payload"]
    assert not [pair for pair in pairs if pair in shown]
    assert len(shown) <= MAX_BYTES + 1


def test_the_newest_few_of_each_reason_are_kept() -> None:
    samples = FrameSamples(3)
    for i in range(10):
        samples.add("not_json", f"rayon/s/readings/{i}", b"x" * i, float(i))
    samples.add("bad_mac", "rayon/aa:bb:cc:dd:ee:01/readings/x", b"\xff\x00", 99.0)
    kept = samples.as_json()
    assert [sample["at"] for sample in kept["not_json"]] == [7.0, 8.0, 9.0]
    assert kept["not_json"][-1]["bytes"] == 9
    assert kept["bad_mac"][0]["topic"] == f"rayon/{MASK}/readings/x"
    assert json.loads(json.dumps(kept)) == kept


def test_reasons_are_bounded_too() -> None:
    samples = FrameSamples(1)
    for i in range(1000):
        samples.add(f"reason{i}", "t", b"", 0.0)
    assert len(samples.as_json()) == 64


def test_none_are_kept_where_none_are_wanted() -> None:
    samples = FrameSamples(0)
    samples.add("not_json", "t", b"x", 0.0)
    assert samples.as_json() == {}


def test_a_message_of_more_than_64_kib_is_not_looked_into() -> None:
    samples = FrameSamples(2)
    for more in (0, 1):
        samples.add("bad_shape", "meraki/v1/x", b"[1]".ljust(64 * 1024 + more), float(more))
    assert [s["payload"] for s in samples.as_json()["bad_shape"]] == ['["number"]', ""]


def test_of_our_own_readings_times_and_decibels_show_and_no_person() -> None:
    samples = FrameSamples(1)
    said = {
        "sent_at": 9_999_999_999,
        "readings": [{"t": 1_772_355_600_250, "rssi": -60, "user": "ana", "range_m": 1e10}],
    }
    samples.add("unknown_ap", "rayon/shop/readings/x", json.dumps(said).encode(), 1.0)
    [shown] = json.loads(samples.as_json()["unknown_ap"][0]["payload"])["readings"]
    assert shown == {"t": 1_772_355_600_250, "rssi": -60, "user": "…", "range_m": "number"}
    samples.add("unknown_ap", "rayon/shop/replay/x", json.dumps(said).encode(), 1.0)
    assert json.loads(samples.as_json()["unknown_ap"][0]["payload"])["sent_at"] == 9_999_999_999


def test_an_access_point_keeps_its_makers_address_and_loses_one_that_somebody_chose() -> None:
    """The second bit of the first byte: 0x00 has none, 0x02 and 0x0e have it."""
    assert mask_local_macs("ap-00:00:5e:00:53:01") == "ap-00:00:5e:00:53:01"
    assert mask_local_macs("ap-02:00:5e:00:53:01") == f"ap-{MASK}"
    assert mask_local_macs("ap-0e:00:5e:00:53:01") == f"ap-{MASK}"


@pytest.mark.parametrize("mac", ["0x02ab00000007", "０２:ab:00:00:00:07", "2933462663175", "2:ab:0:0:0:7"])
def test_an_address_that_somebody_chose_goes_in_odd_spellings_too(mac: str) -> None:
    assert mask_local_macs(mac) == MASK
    assert "02ab00000007" not in mask_local_macs("phone02ab00000007")


@pytest.mark.parametrize("name", ["0x3c22fb9a01d7", "ap-３", "66120947728855", "office-3c:22:fb:9a:01:d7", "hall 1"])
def test_other_names_of_access_points_stay_to_the_letter(name: str) -> None:
    assert mask_local_macs(name) == name


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("phone-02:ab:00:00:00:08", f"phone-{MASK}"),
        ("phone-2:ab:0:0:0:8", f"phone-{MASK}"),
        ("0x02AB00000007", MASK),
        ("02:ab:00:ff:fe:00:00:07", MASK),
        ("2:ab:0:ff:fe:0:0:7", MASK),
    ],
)
def test_no_part_of_an_address_is_left(text: str, masked: str) -> None:
    assert mask_macs(text) == masked


@pytest.mark.parametrize(("digits", "masked"), [("12345-67890-12", True), ("12345-67890-123", False)])
def test_more_than_twelve_decimal_digits_in_other_groups_are_no_address(digits: str, masked: bool) -> None:
    assert mask_macs(f"pin {digits}.") == f"pin {MASK if masked else digits}."


def named(macs: Sequence[str]) -> U64:
    return np.array([len(mac) for mac in macs], np.uint64)


def test_access_points_that_no_plan_has_are_shown_with_what_they_hear_once_a_second() -> None:
    points = UnknownPoints({"shop": ["known"]})
    readings = [{"ap": "known", "rssi": -50, "mac": "a"}, {"ap": "new", "rssi": -60.5, "mac": "abc"},
                {"ap": "new", "rssi": 3, "mac": 7}, {"ap": 7}, "x"]  # fmt: skip
    frame = json.dumps({"readings": readings}).encode()
    heard = points.add("shop", frame, 100.0, named)
    assert heard is not None
    assert (heard.names, heard.points, heard.device.tolist()) == (["new", "new"], ["new"], [3, 0])
    np.testing.assert_array_equal(heard.rssi_dbm, [-60.5, np.nan])
    assert points.add("shop", frame, 100.9, named) is None
    assert points.add("shop", frame, 101.0, named) is not None
    points.see("shop", [f"ap-{i}" for i in range(MOST_UNKNOWN - 1)])
    assert points.as_json()["shop"][0] == "new"
    points.see("shop", ["one more", "x" * 97])
    assert points.as_json()["shop"] == [f"ap-{i}" for i in range(MOST_UNKNOWN - 1)] + ["one more"]


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("1234567890", False),  # ten digits
        ("12345678901", True),
        ("1499999999999", True),
        ("1500000000000", False),  # milliseconds of 2017
        ("2099999999999", False),
        ("2100000000000", True),
        (str(2**48 - 1), True),
        (str(2**48), False),  # more than six bytes
        ("1234567890123456", False),
        ("12345678901.55", False),
        ("z12345678901", False),
        (".12345678901", False),
        ("2026-11-28 10:15:00", False),
        ("12-34-56-78-90-ab", True),
        ("12345-abc-12", False),  # ten
        ("1234-abc-123-ab", True),
        ("deaf beef babe", True),  # as three groups of four
        ("added a faded decade", False),  # words
        ("\\u0022mac", "?"),
        ("%22", "?"),
        ("&#65;b", "Ab"),
        ("&#x41;b", "Ab"),
        ("\\u0007", False),
        ("１２", "12"),
    ],
)
def test_what_is_an_address_and_what_is_a_time(number: str, masked: bool | str) -> None:
    shown = mask_macs(f"n {number},")
    if isinstance(masked, str):
        assert shown.startswith(f"n {masked}")
    else:
        assert (MASK in shown) == masked


def shown(said: object, topic: str = "meraki/v1/x") -> object:
    samples = FrameSamples(1)
    samples.add("why", topic, said if isinstance(said, bytes) else json.dumps(said).encode(), 1.0)
    text = samples.as_json()["why"][0]["payload"]
    return json.loads(text) if text[:1] in ("{", "[", '"') or text[:1].isdigit() else text


@pytest.mark.parametrize(
    ("said", "shape"),
    [
        ({"a": "abc", "b": None, "c": True, "d": 1.5}, {"a": "text of 3", "b": None, "c": True, "d": 1.5}),
        ({"a": 9_999_999_999, "b": 10_000_000_000, "c": -9_999_999_999, "d": -10_000_000_000},
         {"a": 9_999_999_999, "b": "number", "c": -9_999_999_999, "d": "number"}),
        ([1, "ab", None], ["number", "text of 2", None]),
        ([1, 2, 3, 4], ["number"] * 3 + ["1 more"]),
        ([1] * 9, ["number"] * 3 + ["6 more"]),
        ([[[[[[[1]]]]]]], [[[[[["list"]]]]]]),
        ([[[[[[]]]]]], [[[[[[]]]]]]),
        ({"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}, {"a": {"a": {"a": {"a": {"a": {"a": "dict"}}}}}}),
        ({"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}, {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}),
        ({"z" * 40: 1, "y" * 41: 1}, {"z" * 40: 1}),
        ({"x123": 1, "x1234": 1, "1x": 1, "_x.y-z": 1}, {"x123": 1, "_x.y-z": 1}),
        ({"secret": 1, "userName": 2, "phoneNo": 3, "rssi": -60}, {"rssi": -60}),
        ({"clientIp": 7, "ip": 7, "mac": {"a": 7}, "rip": 7}, {"clientIp": "number", "ip": "number",
                                                              "mac": {"a": "number"}, "rip": "number"}),
        ({"items": [{"n": 7}]}, {"items": [{"n": "number"}]}),
    ],
)  # fmt: skip
def test_the_shape_of_a_vendors_message(said: object, shape: object) -> None:
    assert shown(said) == shape


def test_of_many_keys_the_first_are_shown() -> None:
    few, many = ({f"{chr(97 + i % 26)}{'z' * (i // 26)}": i for i in range(n)} for n in (24, 25))
    assert shown(few) == few
    assert shown(many) == {key: i for key, i in many.items() if i < 24} | {"…": "25 keys"}


def test_of_what_a_receiver_handed_over_the_body_is_shown() -> None:
    envelope = msgspec.msgpack.encode({"body": b'{"a":"abc"}', "secret": "x"})
    assert shown(envelope, "rayon/shop/vendor/meraki") == {"a": "text of 3"}
    assert shown(b'{"a":"abc"}', "rayon/shop/vendor/meraki") == ""
    assert shown(b"no json", "meraki/v1/x") == ""


OURS = "rayon/shop/readings/c1"


@pytest.mark.parametrize(
    ("field", "value", "as_shown"),
    [
        ("t", 1_500_000_000_000, 1_500_000_000_000), ("t", 1_499_999_999_999, "number"),
        ("t", 2_100_000_000_000, 2_100_000_000_000), ("t", 2_100_000_000_001, "number"), ("t", "abc:1", "xxx:x"),
        ("rssi", -9_999_999_999, -9_999_999_999), ("rssi", -10_000_000_000, "number"), ("range_sigma_m", 0.5, 0.5),
        ("ap", "ap-hall-2", "ap-hall-2"), ("ap", "02005e100001", "x" * 12), ("band", "5ghz", "5ghz"),
        ("mac", "a-b", "x-x"), ("mac", "a" * 97, "x" * 96), ("mac", 7, "number"), ("floor", "abc", "text of 3"),
        ("floor", 7, "number"), ("token", 7, "…"),
    ],
)  # fmt: skip
def test_each_field_of_our_own_readings(field: str, value: object, as_shown: object) -> None:
    assert shown({"readings": [{field: value}]}, OURS) == {"readings": [{field: as_shown}]}


def test_of_our_own_readings_as_many_as_fit() -> None:
    assert shown({"readings": [{"t": 1}] * 52}, OURS) == {"readings": [{"t": 1}] * 51}
    assert shown({"readings": [7, "ab", [1]]}, OURS) == {"readings": ["number", "text of 2", ["number"]]}
    assert shown({"readings": 7, "probeTime": 1, "weirdWord": 1, "Zz9": 1}, OURS) == {
        "readings": "number",
        "probeTime": "number",
        "xxxxxxxxx": "number",  # nine letters may be six bytes
        "xxx": "number",
    }
    keys = {chr(97 + i % 26) * (1 + i // 26): None for i in range(30)}
    (reading,) = shown({"readings": [keys]}, OURS)["readings"]  # type: ignore[index]
    assert len(reading) == 24


def test_what_is_no_json_is_crossed_out_but_for_our_words() -> None:
    assert shown(b"mac=abc, rssi=-60 sigma NaN", OURS) == "mac=xxx, rssi=-xx sigma NaN"
    assert shown(b"\xff\xfe", OURS) == ""
    assert shown(b"a\x00b", OURS) == ""
    assert shown(b"," * 2_048, OURS) == "," * 2_048
    assert shown(b"," * 2_049, OURS) == "," * 2_048 + "…"
    assert shown(b"(1, 22)", OURS) == "(x, xx)"


@pytest.mark.parametrize(("longer", "looked_into"), [(0, True), (1, False)])
def test_what_is_longer_than_64_kib_is_not_looked_into(longer: int, looked_into: bool) -> None:
    said = b'{"abc":1'.ljust(64 * 1024 - 1 + longer) + b"}"
    assert shape_of("meraki/v1/x", said) == ('{"abc":1}' if looked_into else "")
    assert shape_of_readings(said, 9) == ('{"abc":"number"}' if looked_into else '{"xxx":x ')


def test_a_topic_shows_names_and_signs() -> None:
    samples = FrameSamples(1)
    samples.add("why", "rayon/shop/02:00:5e:10:00:01/" + "," * 3_000, b"", 1.0)
    topic = samples.as_json()["why"][0]["topic"]
    assert topic.startswith("rayon/shop/xx:xx:xx:xx:xx:xx/,")
    assert len(topic) == 2_048


@pytest.mark.parametrize(
    ("topic", "ours"),
    [(OURS, True), ("rayon/shop/replay/c1", True), ("rayon/shop/labels/c1", False), ("other/shop/readings/c1", False),
     ("rayon/shop/readings", False), ("rayon/shop/readings/c1/x", False)],
)  # fmt: skip
def test_which_topics_are_our_own(topic: str, ours: bool) -> None:
    assert is_native(topic) == ours


def test_a_frame_is_looked_into_for_unknown_points_and_kept_for_each_reason() -> None:
    payload = json.dumps({"readings": [{"ap": "new", "mac": "ab"}]}).encode()
    for refused, replay, topic, looked in (
        ({ReadingRefusal.UNKNOWN_AP: 1, ReadingRefusal.BAD_MAC: 1}, False, OURS, True),
        ({ReadingRefusal.BAD_MAC: 1}, False, OURS, False),
        ({ReadingRefusal.UNKNOWN_AP: 1}, True, OURS, False),
        ({ReadingRefusal.UNKNOWN_AP: 1}, False, "meraki/v1/x", False),
    ):
        samples, unknown = FrameSamples(1), UnknownPoints({})
        frame = Frame("shop", "c1", 1.0, 7.0, Readings.empty(), Readings.empty(), dict(refused), replay)
        heard = note_refused(samples, unknown, frame, topic, payload, named)
        assert (heard is not None) == looked
        assert unknown.as_json() == ({"shop": ["new"]} if looked else {})
        assert {reason: kept[0]["at"] for reason, kept in samples.as_json().items()} == dict.fromkeys(refused, 7.0)


def test_our_clock_put_back_looks_again_and_odd_readings_say_nothing() -> None:
    points = UnknownPoints({"shop": ["known"]})
    frame = json.dumps({"readings": [{"ap": "new", "rssi": 0}, {"ap": "x" * 97}, {"ap": "x" * 96}]}).encode()
    assert points.add("shop", frame, 100.0, named) is not None
    heard = points.add("shop", frame, 99.9, named)
    assert heard is not None
    assert heard.names == ["new", "x" * 96]
    assert np.isnan(heard.rssi_dbm).all()
    nothing = points.add("shop", b"[1]", 200.0, named)
    assert nothing is not None
    assert (nothing.names, nothing.points) == ([], [])
