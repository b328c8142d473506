"""Meraki's Scanning API: the cloud posts what all access points of a network heard, once a minute.

The receiver is asked for its validator first (GET) and answers it as plain text. All that proves a POST is the secret
inside it. Version 3 is grouped by phone, version 2 by access point; the body says which it is. Coordinates are metres,
from the bottom left of the floor plan (not confirmed by the vendor).

Told: the secret, and `validator`.
"""

from __future__ import annotations

import re

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import Json, check_secret, json_object, objects
from engine.ingest.decoders.clouds.meraki_v2 import add_v2
from engine.ingest.decoders.clouds.meraki_v3 import add_v3
from engine.ingest.decoders.heard import Decoded, Told, VendorMessage
from engine.vocabulary import RecordRefusal

LARGE_BYTES = 64 * 1024
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
_WIFI = ("", "wifi", "devicesseen")


def decode_meraki_scanning(message: VendorMessage, told: Told) -> Decoded:
    """One request of Meraki's cloud, of version 2 or 3."""
    if message.method in ("GET", "HEAD"):
        validator = told.options.get("validator")
        return Decoded(answer=validator, ignored=0 if validator else 1)
    _look_for_secret(message.body, told.secret)
    body = json_object(message.body)
    check_secret(body.get("secret"), told.secret)
    data = body.get("data")
    if type(data) is not dict:
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "data is no object")
    decoded = Decoded()
    if not _is_wifi(body):
        _refuse_all(data, decoded)
    elif "apMac" in data or str(body.get("version", "3")).startswith(("1", "2")):
        add_v2(data, decoded)
    else:
        add_v3(data, decoded)
    return decoded


def _look_for_secret(body: bytes, secret: str | None) -> None:
    """Refuses a large body in which the secret stands nowhere before it is decoded: a stranger's costs a search only.
    JSON may write signs as escapes, but nobody does for letters and digits. Raises MessageRefused `bad_secret`."""
    if secret and len(body) > LARGE_BYTES and _PLAIN.fullmatch(secret) and secret.encode() not in body:
        raise MessageRefused(RecordRefusal.BAD_SECRET)


def _is_wifi(body: Json) -> bool:
    kind = body.get("type")
    return kind is None or (isinstance(kind, str) and kind.strip().lower().replace("-", "") in _WIFI)


def _refuse_all(data: Json, decoded: Decoded) -> None:
    """A body of another radio: each of its devices."""
    for _ in objects(data.get("observations"), decoded):
        decoded.refuse(RecordRefusal.NOT_WIFI)
