"""Juniper Mist webhooks: one POST holds a topic and its events.

Topics are spelled with hyphens in Mist's list and with underscores in some of its samples; both are taken. A webhook is
signed: HMAC-SHA256 of the raw body in `X-Mist-Signature-v2`, HMAC-SHA1 in the older `X-Mist-Signature`. Raw RSSI has no
time at all; it is an average, with a fraction. Places are metres; the origin is the map's own.

Told: the secret.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import Json, json_object, objects
from engine.ingest.decoders.clouds.mist_heard import add_location, add_raw, add_scan
from engine.ingest.decoders.clouds.mist_sessions import (
    add_accounting,
    add_guest,
    add_join,
    add_nac,
    add_session,
    add_zone,
)
from engine.ingest.decoders.heard import Decoded, Told, VendorMessage
from engine.ingest.decoders.values import RecordUnusable, read_name
from engine.vocabulary import RecordRefusal

SIGNATURES = (("x-mist-signature-v2", "sha256"), ("x-mist-signature", "sha1"))
"""Headers that sign the body, the one to trust first."""
OF_PHONES: Mapping[str, Callable[[Json, Decoded], None]] = {
    "wifi-conn-raw": add_raw,
    "wifi-unconn-raw": add_raw,
    "location": add_location,
    "location-client": add_location,
    "location-unclient": add_location,
    "location-sdk": add_location,
    "sdkclient-scan-data": add_scan,
    "zone": add_zone,
    "rssizone": add_zone,
    "client-join": add_join,
    "client-sessions": add_session,
    "guest-authorizations": add_guest,
    "nac-accounting": add_accounting,
    "nac-events": add_nac,
}
OF_THINGS = frozenset(
    ("asset-raw", "asset-raw-rssi", "discovered-raw-rssi", "location-asset", "location-centrak", "vbeacon")
)
"""Topics of Bluetooth and of labels: trolleys, badges, shelf labels."""


def decode_mist(message: VendorMessage, told: Told) -> Decoded:
    """Readings of one message of Mist's webhook."""
    _check_signature(message, told.secret)
    body = json_object(message.body)
    topic = read_name(body.get("topic")).lower().replace("_", "-")
    if not topic:
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "no `topic` key in the body")
    decoded = Decoded()
    add = OF_PHONES.get(topic)
    if add is None and topic not in OF_THINGS:
        decoded.ignored = 1  # ping, alarms, audits, and what is added tomorrow
        return decoded
    for event in objects(body.get("events"), decoded):
        try:
            if add is None:
                raise RecordUnusable(RecordRefusal.NOT_WIFI)
            add(event, decoded)
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)
    decoded.identities = list(dict.fromkeys(decoded.identities))
    return decoded


def _check_signature(message: VendorMessage, secret: str | None) -> None:
    if secret is None:
        return
    for header, digest in SIGNATURES:
        given = message.headers.get(header)
        if given is not None:
            expected = hmac.new(secret.encode("utf-8", "replace"), message.body, digest).hexdigest()
            if hmac.compare_digest(given.strip().lower().encode("utf-8", "replace"), expected.encode()):
                return
            break  # who sends the newer one wrong does not get a second try with the older
    raise MessageRefused(RecordRefusal.BAD_SIGNATURE)
