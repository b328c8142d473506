"""Whatever a vendor's message has become on its way: sound records or a counted refusal, nothing else, memory flat."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ingest.decoders.heard import Told, VendorMessage
from engine.ingest.decoders.kinds import DECODERS
from tests.engine.ingest.decoders.test_any_bytes import JSON
from tests.examples import examples
from tests.payloads.expectations import Recorded
from tests.payloads.fuzz import WARM, check, fuzz

EXAMPLES = 15_000  # twice; ten millions by `make fuzz-decoders`
KINDS = st.sampled_from(sorted(DECODERS))


def recorded(kind: str, body: bytes, topic: str = "") -> Recorded:
    return Recorded(kind, "any", VendorMessage(body, 1795860000.0, topic), Told(), {})


@given(KINDS, st.binary(max_size=200), st.text(max_size=20))
@examples(150)
def test_any_bytes_are_decoded_or_refused(kind: str, body: bytes, topic: str) -> None:
    check(recorded(kind, body, topic))


@given(KINDS, JSON)
@examples(150)
def test_any_json_is_decoded_or_refused(kind: str, value: Any) -> None:
    check(recorded(kind, json.dumps(value).encode()))


@pytest.mark.parametrize("seed", range(2))
def test_spoilt_messages_are_decoded_or_refused(seed: int) -> None:
    fuzzed = fuzz(EXAMPLES, seed)
    assert sum(fuzzed.outcomes.values()) == fuzzed.examples
    assert fuzzed.outcomes["decoded"] > EXAMPLES / 4  # spoilt so little that decoders are tried, not their JSON parser
    assert fuzzed.blocks < 10_000 < EXAMPLES - WARM  # not one block for each


DEEP = b'{"notifications":' + b"[" * 100_000
LINES = b"{\n" * 2_000_000
SAME = {"clientMac": "06:00:00:00:00:01", "locations": [{"x": 1, "y": k % 7, "time": k} for k in range(40_000)]}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("cisco-cmx", DEEP),
        ("cisco-spaces", LINES),
        ("openwrt", LINES),
        ("meraki-scanning-v3", json.dumps({"version": "3.0", "data": {"observations": [SAME]}}).encode()),
        ("mist", b'{"topic":"zone","events":[' + b"0," * 1_000_000 + b"0]}"),
        ("mist", b'{"topic":"zone","events":' + b"9" * 1_000_000 + b"}"),
        ("aruba-ale", b" " * 5_000_000),
        ("openwrt", b'wifi_station_signal_dbm{mac="' + b"}" * 1_000_000 + b" x y"),
        ("openwrt", b'wifi_station_signal_dbm{mac="' + b"a" * 900 + b'"} -60\n' + b"a{" + b"} " * 1_000_000),
        ("openwrt", b"\n".join([b"wifi_station_signal_dbm{" + b"a" * 900 + b"} -60"] * 4_000)),
        ("radius", b'{"Acct-Status-Type":"1","Event-Timestamp":"abc' + b" " * 3_000_000 + b'"}'),
        ("radius", b"Acct-Status-Type=1&" * 200_000),
        ("unifi", b'{"meta":{"rc":"ok"},"data":[' + b"0," * 1_000_000 + b"0]}"),
        ("aruba-iot", b"\x0a\x02\x08\x01" + b"\x3a\x00" * 150_000),
        ("aruba-iot", b"\x0a\x02\x08\x01" + b"\x38\x00" * 1_000_000),
        ("aruba-central", b"\x12\x08location\x1a\x00" + b"\x12\x00" * 3_000_000),
    ],
)
def test_a_body_that_is_made_to_cost_time_does_not(kind: str, body: bytes) -> None:
    begin = time.process_time()
    check(recorded(kind, body))
    assert (
        time.process_time() - begin < 30.0
    )  # of the processor; each of these took minutes where something was quadratic
