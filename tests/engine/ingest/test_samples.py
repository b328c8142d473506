"""Samples of refused frames: bounded, readable, and without a single MAC."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ingest.masks import MASK, mask_macs
from engine.ingest.samples import MAX_BYTES, FrameSamples

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
