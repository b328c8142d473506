"""Recorded messages, spoilt: bytes flipped, cut, doubled and spliced, and values of JSON replaced by odd ones."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import msgspec

from engine.ingest.decoders.heard import VendorMessage
from tests.payloads.expectations import FOLDER, Recorded, recorded

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 95, 96, 255, 256, -120, -121, 2**31, 4294967235, 2**63, 2**64, 10**18, 1e308, -1e308,
    0.1, -0.0, 1e-320, 1795860000, 1795860000000, 253402300800, -62135596801, "", " ", "0", "-0", "NaN", "-NaN",
    "Infinity", "-74", "31", "1e999", "1_0", "１２", "null", "--", "yesterday", "2026-11-28T10:00:00Z",
    "2026-11-28 10:00:00.000", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "00:00:00:00:00:00",
    "ff:ff:ff:ff:ff:ff", "06:00:00:00:00:01", "060000000001", "06.00.00.00.00.01", "6:0:0:0:0:1", "5e" * 20, "\0",
    "\ud7ff", "é" * 50, "x" * 300, "wifi", "ble", "asset", "FEET", "PIXELS", "INSIDE", [], {}, [[]], [None], [{}],
    {"addr": None}, [1, 2], ["NaN"], [-60, "a"], {"a": {"b": []}},
)  # fmt: skip
"""What may stand where something else was expected."""
ODD_BYTES: tuple[bytes, ...] = (
    b"NaN", b"Infinity", b"1e999", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"[" * 2000, b'{"a":' * 2000, b"-", b'"',
    b"9" * 5000, b"\\ud800", b"\xc3", b"\n", b"\r\n\r\n", b"}{", b",", b"\x80" * 11, b"\x08\xff\xff\xff\xff\xff\xff",
)  # fmt: skip


class Spoiler:
    """Spoils the recorded messages of one kind, by a seed."""

    def __init__(self, kind: str, messages: Sequence[Recorded], rng: Random) -> None:
        self.kind = kind
        self._messages = messages
        self._rng = rng
        self._trees = [tree for tree in map(_tree, messages) if tree is not None]

    def next(self) -> Recorded:
        """The next spoilt message: one time in eight its topic or headers, else its body."""
        rng = self._rng
        one = rng.choice(self._messages)
        if rng.random() < 0.125:
            return one._replace(message=_spoil_surroundings(one.message, rng))
        if self._trees and rng.random() < 0.6:
            one, value, places = rng.choice(self._trees)
            return one._replace(message=replace(one.message, body=_with_odd_values(value, places, rng)))
        return one._replace(message=replace(one.message, body=self._spoilt_bytes(one.message.body)))

    def _spoilt_bytes(self, body: bytes) -> bytes:
        rng = self._rng
        for _ in range(rng.randint(1, 3)):
            at, choice = rng.randrange(len(body) + 1), rng.randrange(7)
            if choice == 0:
                body = body[:at]
            elif choice == 1:
                body = body[:at] + rng.choice(ODD_BYTES) + body[at:]
            elif choice == 2:
                body = body[:at] + body[at + rng.randint(1, 20) :]
            elif choice == 3:
                body = body[:at] + body[max(at - 40, 0) :]
            elif choice == 4:
                other = rng.choice(self._messages).message.body
                body = body[:at] + other[rng.randrange(len(other) + 1) :]
            elif choice == 5:
                body = rng.randbytes(rng.randrange(60))
            else:
                body = body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :]
        return body


def spoilers(seed: int) -> Iterator[Spoiler]:
    """One of each kind that has recorded messages, our own wire among them."""
    kinds: dict[str, list[Recorded]] = {}
    for one in [*recorded(), *_native()]:
        kinds.setdefault(one.kind, []).append(one)
    for kind, messages in sorted(kinds.items()):
        yield Spoiler(kind, messages, Random(f"{seed} {kind}"))


def _native() -> Iterator[Recorded]:
    told = next(recorded()).told
    for file in sorted((FOLDER / "native").glob("*.json")):
        said = json.loads(file.read_text())
        payload = said["payload"]
        body = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
        yield Recorded("native", file.stem, VendorMessage(body, math.nan, said["topic"]), told, {})


def _tree(one: Recorded) -> tuple[Recorded, Any, list[tuple[Any, Any]]] | None:
    """A message, its JSON, and every place in it where a value stands; None where it is none, or signed or alone."""
    try:
        value = json.loads(one.message.body)
    except ValueError:
        return None
    holder = [value]
    places = list(_places(holder))
    return one._replace(told=replace(one.told, secret=None)), holder, places


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in items:
        yield node, key
        if isinstance(child, (dict, list)):
            yield from _places(child)


def _with_odd_values(holder: list[Any], places: list[tuple[Any, Any]], rng: Random) -> bytes:
    """The JSON with one to three values replaced; the tree itself is as it was afterwards."""
    kept = []
    for node, key in rng.sample(places, min(rng.randint(1, 3), len(places))):
        kept.append((node, key, node[key]))
        node[key] = rng.choice(ODD)
    body = msgspec.json.encode(holder[0]) if rng.random() < 0.9 else json.dumps(holder[0]).encode()
    for node, key, value in reversed(kept):
        node[key] = value
    return body


def _spoil_surroundings(message: VendorMessage, rng: Random) -> VendorMessage:
    topic = "/".join(rng.sample(message.topic.split("/"), rng.randrange(len(message.topic.split("/")) + 1)))
    headers = {
        name: rng.choice([value, "", value[::-1], value.upper(), "é"]) for name, value in message.headers.items()
    }
    method = rng.choice(["GET", "POST", "HEAD", "?"])
    received_at = rng.choice([math.nan, 0.0, 1795860000.0, 1e12])
    return replace(message, topic=topic, headers=headers, method=method, received_at=received_at)
