"""Samples of refused frames: bounded, readable, and without a single MAC."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ingest.masks import MASK, mask_local_macs, mask_macs
from engine.ingest.samples import MAX_BYTES, MOST_UNKNOWN, FrameSamples, UnknownPoints
from engine.records import U64

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


@given(st.integers(0, 60), st.sampled_from(["aa:bb:cc:dd:ee:01", "aabb.ccdd.ee01", "aabbccddee01"]))
def test_no_half_mac_is_left_where_a_payload_is_cut(shift: int, mac: str) -> None:
    samples = FrameSamples(1)
    payload = b"." * (MAX_BYTES - shift) + b'"' + mac.encode() + b'"' + b"." * 500
    samples.add("not_json", "rayon/s/readings/c", payload, 1.0)
    shown = samples.as_json()["not_json"][0]["payload"]
    assert "aa" not in shown
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
