"""Meraki MR over MQTT: an access point tells the broker itself whom it hears.

The administrator chooses the topic and which fields are sent, so any of them may be missing; access point and phone
are then in the topic, `meraki/v1/mr/{network}/{ap}/{wifi|ble}/{client}` where nobody changed it. RSSI is text; some
firmware writes dBm + 95. The clock has no zone: UTC is taken, which the vendor does not confirm.

Told: `topic` is the site's own pattern, with `{ap}`, `{client}` and `{radio}` where these stand; `ap_field`,
`client_field`, `rssi_field`, `time_field` and `radio_field` name fields that are spelled in yet another way.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import Json, json_value, objects
from engine.ingest.decoders.heard import Decoded, Told, VendorMessage, VendorReading, make_reading
from engine.ingest.decoders.macs import NOBODY, colon_mac
from engine.ingest.decoders.values import RecordUnusable, dbm, epoch_s, is_absent, phone_mac, read_name
from engine.vocabulary import RecordRefusal

ABOVE_DBM = 95
"""What is added where the sign is lost."""


class MerakiFields(NamedTuple):
    """What the fields of a message are called, the most usual spelling first."""

    ap: tuple[str, ...] = ("mrMac", "apMac", "AP MAC address")
    client: tuple[str, ...] = ("clientMac", "Client MAC address")
    rssi: tuple[str, ...] = ("rssi", "RSSI")
    time: tuple[str, ...] = ("timestamp", "Timestamp")
    radio: tuple[str, ...] = ("radio", "Radio")
    band: tuple[str, ...] = ("band", "Band")


FIELDS = MerakiFields()
_BLE_ONLY = frozenset(("bleType", "rawPayload", "UUID", "Beacon type", "Raw payload", "Client UUID"))
_TOPIC_MAX = 200  # characters; a longer one is no access point's
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
    whole = message.topic if len(message.topic) <= _TOPIC_MAX else ""
    topic = parse_topic(whole, told.options.get("topic", ""))
    fields = _fields(told.options) if told.options else FIELDS
    for record in (value,) if type(value) is dict else objects(value, decoded):
        try:
            decoded.readings.append(_reading(record, topic, fields))
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)
    return decoded


def _fields(options: Mapping[str, str]) -> MerakiFields:
    own = {name: (options[f"{name}_field"],) for name in MerakiFields._fields if f"{name}_field" in options}
    return FIELDS._replace(**own)


def _reading(record: Json, topic: _FromTopic, fields: MerakiFields) -> VendorReading:
    radio = _value(record, fields.radio)
    kind = radio if radio == "wifi" else read_name(radio).lower() or topic.radio
    if kind not in ("", "wifi") or not _BLE_ONLY.isdisjoint(record):
        raise RecordUnusable(RecordRefusal.NOT_WIFI)
    client, point = _value(record, fields.client), _value(record, fields.ap)
    # Nearly all are addresses as they should be: what else they may be is looked at where they are not.
    mac = colon_mac(client) if type(client) is str else None
    if mac is None:
        mac = phone_mac(topic.client if is_absent(client) else client)
    ap = colon_mac(point) if type(point) is str else None
    if ap is None:
        given_ap = read_name(point) or topic.ap
        ap = colon_mac(given_ap) or given_ap  # a topic of the site's own may hold names
        if not ap or ap == NOBODY:
            raise RecordUnusable(RecordRefusal.NO_AP)
    rssi_dbm = dbm(_value(record, fields.rssi), ABOVE_DBM)
    t = epoch_s(_value(record, fields.time))
    band = _value(record, fields.band)
    return make_reading(mac, ap, t, rssi_dbm, read_name(band) if band is not None else "")


def _value(record: Json, names: tuple[str, ...]) -> object:
    """The value of the first of these names that is there."""
    usual: object = record.get(names[0])
    if usual is not None:
        return usual
    for name in names:
        if name in record:
            value: object = record[name]
            return value
    return None


@lru_cache(maxsize=10_000)  # one for each pair of access point and phone
def parse_topic(topic: str, pattern: str) -> _FromTopic:
    """What a topic says, remembered until `forgetting` forgets it."""
    levels = topic.strip("/").split("/")
    if pattern:
        names = pattern.strip("/").split("/")
        found = {name[1:-1]: level for name, level in zip(names, levels, strict=False) if name[:1] == "{"}
        return _FromTopic(found.get("ap", ""), found.get("client", ""), found.get("radio", "").lower())
    radios = [k for k, level in enumerate(levels) if level.lower() in _RADIOS]
    if not radios:  # an older form, `…/rssi/{client}`: with two addresses the access point's comes first
        addresses = [level for level in levels if colon_mac(level)]
        return _FromTopic(addresses[0], addresses[1]) if len(addresses) == 2 else _FromTopic()
    at = radios[-1]
    before = [level for level in levels[:at] if colon_mac(level)]
    client = levels[at + 1] if at + 1 < len(levels) else ""
    return _FromTopic(before[-1] if before else "", client, levels[at].lower())
