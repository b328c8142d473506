"""Samples of refused vendor frames showed secrets, users, e-mails, and MACs as raw bytes of a protobuf.

Input: frames of vendors on their own topics and in envelopes, JSON, forms and bytes. Right: keys, kinds, lengths and
numbers of JSON; of anything else the number of bytes.
"""

from __future__ import annotations

import json

import pytest

from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.samples import FrameSamples
from engine.ingest.sources.envelope import request_topic, seal_request

MAC = bytes([2, 0, 0x5E, 0x41, 0x53, 0x42])
SAID = {
    "version": "3.0",
    "secret": "correct horse",
    "User-Name": "ana@example.org",
    "data": {"password": 1234, "rssi": -60, "ip": 167772161, "t": 1772355600.25, "note": "ask bob@example.org"},
    "bytes": list(MAC),
    "macInt": int.from_bytes(MAC, "big"),
    "02:00:5e:41:53:42": {"x": 1},
}
LEAKS = ("horse", "ana", "bob", "1234", "secret", "password", "User", "167772161", "65, 83", "65,83", "2199", "5e:41")


def sample(topic: str, payload: bytes) -> str:
    samples = FrameSamples(1)
    samples.add("bad_shape", topic, payload, 1.0)
    (kept,) = samples.as_json()["bad_shape"]
    assert kept["bytes"] == len(payload)
    return str(kept["payload"])


@pytest.mark.parametrize("enveloped", [False, True])
def test_a_vendor_s_json_leaves_its_shape(enveloped: bool) -> None:
    body = json.dumps(SAID).encode()
    topic, payload = "meraki/v1/x", body
    if enveloped:
        topic, payload = request_topic("shop", "cloud"), seal_request(VendorMessage(body, 1.0), "cloud", b"key")
    shown = sample(topic, payload)
    assert json.loads(shown) == {
        "version": "text of 3",
        "data": {"rssi": -60, "ip": "number", "t": 1772355600.25, "note": "text of 19"},
        "bytes": ["number", "number", "number", "3 more"],
        "macInt": "number",
    }
    assert not [leak for leak in LEAKS if leak in shown]


@pytest.mark.parametrize(
    "payload",
    [b"\x0a\x06" + MAC, b"User-Name=ana%40example.org&pass=x", b'{"secret": "horse', b"\x81\xa6secret\xa5horse"],
)
@pytest.mark.parametrize("topic", ["vendor/x", "rayon/shop/in/cloud", "rayon/shop/sessions/c", "rayon/shop/other"])
def test_of_what_is_no_json_only_its_size_is_kept(topic: str, payload: bytes) -> None:
    assert sample(topic, payload) == ""


def test_our_own_readings_show_no_secret_either() -> None:
    """A vendor that was pointed at our topic by mistake."""
    said = b'{"secret": "correct \\" horse", "userName":"ana", "token" : 1234, "rssi": -60}'
    shown = sample("rayon/shop/readings/c", said)
    assert "-60" in shown
    assert not [leak for leak in ("horse", "ana", "1234") if leak in shown]
    assert sample("rayon/shop/readings/c", b"\x0a\x06" + MAC) == ""
