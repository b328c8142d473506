"""Meraki MR over MQTT: an access point tells the broker itself whom it hears.

The administrator chooses the topic and which fields are sent, so any of them may be missing; access point and phone
are then in the topic, `meraki/v1/mr/{network}/{ap}/{wifi|ble}/{client}` where nobody changed it. RSSI is text; some
firmware writes dBm + 95. The clock has no zone: UTC is taken, which the vendor does not confirm.

Told: `topic` is the site's own pattern, with `{ap}`, `{client}` and `{radio}` where these stand; `ap_field`,
`client_field`, `rssi_field`, `time_field` and `radio_field` name fields that are spelled in yet another way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import Json, json_value, objects
from engine.ingest.decoders.heard import Decoded, Told, VendorMessage, VendorReading
from engine.ingest.decoders.macs import NOBODY, colon_mac
from engine.ingest.decoders.values import RecordUnusable, dbm, epoch_s, is_absent, named, phone_mac
from engine.vocabulary import RecordRefusal

ABOVE_DBM = 95
"""What is added where the sign is lost."""
FIELDS = {
    "ap": ("mrMac", "apMac", "AP MAC address"),
    "client": ("clientMac", "Client MAC address"),
    "rssi": ("rssi", "RSSI"),
    "time": ("timestamp", "Timestamp"),
    "radio": ("radio", "Radio"),
}
_BLE_ONLY = ("bleType", "rawPayload", "UUID", "Beacon type", "Raw payload", "Client UUID")
_RADIOS = ("wifi", "ble")


class _FromTopic(NamedTuple):
    ap: str = ""
    client: str = ""
    radio: str = ""


def decode_meraki_mqtt(message: VendorMessage, told: Told) -> Decoded:
    """One frame: an object, or a list of them."""
    decoded = Decoded()
    value = json_value(message.body)
    if type(value) not in (dict, list):
        raise MessageRefused(RecordRefusal.BAD_SHAPE, "neither an object nor a list")
    topic = _parse_topic(message.topic, told.options.get("topic", ""))
    for record in objects(value if type(value) is list else [value], decoded):
        try:
            decoded.readings.append(_reading(record, topic, told.options))
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)
    return decoded


def _reading(record: Json, topic: _FromTopic, options: Mapping[str, str]) -> VendorReading:
    radio = named(_field(record, "radio", options)).lower() or topic.radio
    if radio not in ("", "wifi") or any(key in record for key in _BLE_ONLY):
        raise RecordUnusable(RecordRefusal.NOT_WIFI)
    client = _field(record, "client", options)
    mac = phone_mac(topic.client if is_absent(client) else client)
    given_ap = named(_field(record, "ap", options)) or topic.ap
    ap = colon_mac(given_ap) or given_ap  # a topic of the site's own may hold names
    if not ap or ap == NOBODY:
        raise RecordUnusable(RecordRefusal.NO_AP)
    rssi_dbm = dbm(_field(record, "rssi", options), ABOVE_DBM)
    return VendorReading(mac, ap, epoch_s(_field(record, "time", options)), rssi_dbm, band=named(record.get("band")))


def _field(record: Json, name: str, options: Mapping[str, str]) -> object:
    own = options.get(f"{name}_field")
    for key in (own,) if own else FIELDS[name]:
        if key in record:
            value: object = record[key]
            return value
    return None


def _parse_topic(topic: str, pattern: str) -> _FromTopic:
    levels = topic.strip("/").split("/")
    if pattern:
        names = pattern.strip("/").split("/")
        found = {name[1:-1]: level for name, level in zip(names, levels, strict=False) if name[:1] == "{"}
        return _FromTopic(found.get("ap", ""), found.get("client", ""), found.get("radio", "").lower())
    radios = [k for k, level in enumerate(levels) if level.lower() in _RADIOS]
    if not radios:
        return _FromTopic()
    at = radios[-1]
    before = [level for level in levels[:at] if colon_mac(level)]
    client = levels[at + 1] if at + 1 < len(levels) else ""
    return _FromTopic(before[-1] if before else "", client, levels[at].lower())
