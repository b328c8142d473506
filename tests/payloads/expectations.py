"""Recorded messages of vendors, and what a right decoder makes of each: `tests/payloads/README.md` says the form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from api.cli.decode.form import FileDecoded, as_form
from api.cli.decode.messages import NOT_KNOWN, read_message
from engine.errors import MessageRefused
from engine.ingest.decoders.heard import Decoded, Told, VendorMessage
from engine.ingest.decoders.kinds import DECODERS

FOLDER = Path(__file__).parent
SUFFIX = ".expect.json"
BODIES = (".json", ".txt", ".bin")
SECRETS = ("secret", "access_token")
OPTIONAL = frozenset(("band", "age_s", "id", "origin", "level", "map", "ip"))
"""A decoder may say more of these than the expectation does."""
TOLERANCE = {"rssi_dbm": 0.01, "lon": 1e-6, "lat": 1e-6}
"""Where it is not 0.001: a millisecond, a millimetre."""


class Recorded(NamedTuple):
    """One message and what is expected of it."""

    kind: str
    name: str
    message: VendorMessage
    told: Told
    expected: Mapping[str, Any]


def recorded() -> Iterator[Recorded]:
    """Every message of every kind that has an expectation beside it."""
    for file in sorted(FOLDER.glob(f"*/*{SUFFIX}")):
        stem = file.name.removesuffix(SUFFIX)
        bodies = [file.with_name(stem + suffix) for suffix in BODIES]
        expected = json.loads(file.read_text())
        options = {key: ",".join(v) if isinstance(v, list) else str(v) for key, v in expected.get("config", {}).items()}
        secret = next((options.pop(key) for key in SECRETS if key in options), None)
        now = float(options.pop("now", NOT_KNOWN))
        message = read_message(next(body for body in bodies if body.exists()), None, None, now)
        yield Recorded(file.parent.name, stem, message, Told(secret, options), expected)


def decoded_form(one: Recorded) -> dict[str, Any]:
    """What `rayon decode` prints of it."""
    try:
        decoded = DECODERS[one.kind](one.message, one.told)
    except MessageRefused as refused:
        decoded = Decoded()
        decoded.refuse(refused.reason)
    return as_form([FileDecoded(one.name, [decoded])])


def differences(one: Recorded) -> list[str]:
    """What is missing from what the decoder says, and what it says beside; empty where it is right."""
    form, expected = decoded_form(one), one.expected
    found = []
    for kind in ("readings", "positions", "sessions", "identity"):
        found += _unlike(kind, expected.get(kind, []), form[kind])
    refused = {entry["reason"]: entry["count"] for entry in expected.get("refused", [])}
    if form["refused"] != refused:
        found.append(f"refused {form['refused']}, expected {refused}")
    for key in ("http", "answer"):
        if key in expected and form.get(key) != expected[key]:
            found.append(f"{key} {form.get(key)}, expected {expected[key]}")
    for key in ("counts", "paging", "ap_names"):
        if key in expected and form["notes"].get(key) != expected[key]:
            found.append(f"{key} {form['notes'].get(key)}, expected {expected[key]}")
    if "ignored" in expected and form["ignored"] != sum(entry["count"] for entry in expected["ignored"]):
        found.append(f"ignored {form['ignored']}, expected {expected['ignored']}")
    return found


def _unlike(kind: str, expected: list[Any], found: list[Any]) -> Iterator[str]:
    left = list(found)
    for record in expected:
        alike = next((other for other in left if _alike(record, other)), None)
        if alike is None:
            yield f"missing of {kind}: {record}"
        else:
            left.remove(alike)
    for record in left:
        yield f"too much of {kind}: {record}"


def _alike(expected: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    names = expected.keys() | (found.keys() - OPTIONAL)
    return all(_same(name, expected.get(name), found.get(name)) for name in names)


def _same(name: str, expected: Any, found: Any) -> bool:
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        return abs(expected - found) <= TOLERANCE.get(name, 1e-3)
    return bool(expected == found)
