"""Any bytes, any topic and any JSON are a frame or a counted refusal."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.vocabulary import LabelKind
from tests.engine.ingest.decoders import test_labels
from tests.engine.ingest.decoders.test_native import decode, outcome, session
from tests.engine.ingest.made import APS, MAC, TOPIC, frame, reading
from tests.examples import examples

ENDLESS = st.sampled_from([10**400, -(10**400), 2**64, -(2**63) - 1])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | ENDLESS | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ODD_READING = st.fixed_dictionaries(
    {},
    optional={
        "mac": JSON | st.just(MAC) | st.just("ap-3"),
        "ap": JSON | st.just("ap-1"),
        "t": JSON | st.just(999.0),
        "rssi": JSON | st.just(-50),
        "range_m": JSON | st.just(3.0),
        "range_sigma_m": JSON,
        "band": JSON,
    },
)

ODD_LABEL = st.fixed_dictionaries(
    {},
    optional={
        "mac": JSON | st.just(MAC),
        "t": JSON | st.just(999.0),
        "kind": JSON | st.sampled_from(list(LabelKind)),
        "sku": JSON | st.just("p7"),
        "skus": JSON | st.just(["p1", "p2"]),
        "x_m": JSON | st.just(3.0),
        "y_m": JSON | st.just(4.0),
        "level": JSON,
    },
)


def check_any(topic: str, payload: bytes) -> None:
    decoded = outcome(decode, payload, topic)
    if isinstance(decoded, DecodeError):
        assert decoded.reason.isidentifier()
        return
    for readings in (decoded.readings, decoded.ap_readings):
        assert np.all(np.isfinite(readings.t))
        assert np.all((readings.ap >= 0) & (readings.ap < len(APS)))
        assert not np.any(np.isnan(readings.rssi_dbm) & np.isnan(readings.range_m))
        assert not np.any(np.isinf(readings.rssi_dbm) | np.isinf(readings.range_m))
    assert np.all(decoded.readings.device != 0)


@given(st.binary(max_size=200))
@examples(100)
def test_any_bytes_are_a_frame_or_a_decode_error(payload: bytes) -> None:
    check_any(TOPIC, payload)


@given(st.text(max_size=40), st.binary(max_size=20))
def test_any_topic_is_a_frame_or_a_decode_error(topic: str, payload: bytes) -> None:
    check_any(topic, payload)


@given(JSON)
@examples(100)
def test_any_json_is_a_frame_or_a_decode_error(value: Any) -> None:
    check_any(TOPIC, json.dumps(value).encode())


@given(st.lists(ODD_READING | JSON, max_size=5), JSON | st.just(1000.0))
@examples(100)
def test_every_reading_is_either_used_or_counted(readings: list[Any], sent_at: Any) -> None:
    payload = frame(*readings, sent_at=sent_at)
    check_any(TOPIC, payload)
    decoded = outcome(decode, payload)
    if isinstance(decoded, DecodeError):
        return
    assert len(decoded.readings) + len(decoded.ap_readings) + sum(decoded.refused.values()) == len(readings)


@given(st.binary(max_size=100) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_session_is_a_session_or_a_decode_error(payload: bytes) -> None:
    decoded = outcome(session, payload)
    assert isinstance(decoded, DecodeError) or decoded.device


@given(st.binary(max_size=100) | JSON.map(lambda value: json.dumps(value).encode()))
@examples(100)
def test_any_bytes_are_labels_or_a_decode_error(payload: bytes) -> None:
    decoded = outcome(test_labels.decode, payload)
    assert isinstance(decoded, DecodeError) or np.all(np.isfinite(decoded.labels.t))


@given(st.lists(ODD_LABEL | JSON, max_size=5), JSON | st.just(1000.0))
@examples(100)
def test_every_label_is_used_or_counted(labels: list[Any], sent_at: Any) -> None:
    decoded = outcome(test_labels.decode, {"sent_at": sent_at, "labels": labels})
    if isinstance(decoded, DecodeError):
        return
    assert np.all(np.isfinite(decoded.labels.t))
    assert len(decoded.labels) + sum(decoded.refused.values()) >= len(labels)


@pytest.mark.parametrize(
    "changes",
    [
        {"t": 0}, {"t": 1005.0}, {"rssi": -0.01}, {"rssi": -120}, {"range_m": 0}, {"range_m": 1000},
        {"range_m": 3, "range_sigma_m": 1000}, {"range_m": 3, "range_sigma_m": 1e-3},
    ],
)  # fmt: skip
def test_values_at_their_limits_are_used(changes: dict[str, float]) -> None:
    decoded = decode(frame(reading(**changes)))
    assert (len(decoded.readings), decoded.refused) == (1, {})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"t": 2**63}, "bad_time"), ({"t": 1005.001}, "time_in_future"), ({"rssi": 0}, "bad_rssi"),
        ({"rssi": -120.01}, "bad_rssi"), ({"rssi": -5e300}, "bad_rssi"),
        ({"range_m": -0.01}, "bad_range"), ({"range_m": 1000.1}, "bad_range"),
        ({"range_m": 3, "range_sigma_m": 1000.1}, "bad_range"),
    ],
)  # fmt: skip
def test_values_just_beyond_are_refused(changes: dict[str, float], code: str) -> None:
    decoded = decode(frame(reading(**changes)))
    assert (len(decoded.readings), decoded.refused) == (0, {code: 1})
