"""Events of Mist that say who was heard, and where phones are."""

from __future__ import annotations

from engine.ingest.decoders.bodies import Json, objects
from engine.ingest.decoders.heard import Decoded, VendorPosition, VendorReading
from engine.ingest.decoders.values import (
    RecordUnusable,
    ap_mac,
    dbm,
    epoch_s,
    is_absent,
    length_m,
    phone_mac,
    read_name,
)
from engine.vocabulary import RecordRefusal

BANDS = {"2.4": "2.4GHz", "24": "2.4GHz", "5": "5GHz", "6": "6GHz"}
"""As raw topics spell them; other topics write the figure alone."""


def band_of(value: object) -> str:
    """The band in the spelling of the raw topics."""
    text = read_name(value) if not isinstance(value, float) else f"{value:g}"
    return BANDS.get(text, text)


def add_raw(event: Json, decoded: Decoded) -> None:
    """`wifi-conn-raw`, `wifi-unconn-raw`: an access point, a phone, and packets of one or more bands."""
    mac = phone_mac(event.get("client_id"))
    ap = ap_mac(event.get("ap_id"), mac)
    n = len(decoded.readings) + sum(decoded.refused.values())
    for packet in objects(event.get("packets"), decoded):
        try:
            rssi_dbm = dbm(packet.get("rssi"))
            decoded.readings.append(VendorReading(mac, ap, rssi_dbm=rssi_dbm, band=band_of(packet.get("band"))))
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)
    if len(decoded.readings) + sum(decoded.refused.values()) == n:
        raise RecordUnusable(RecordRefusal.NO_RSSI)


def add_location(event: Json, decoded: Decoded) -> None:
    """`location` and its kin, each a phone's place on a map; assets share the topic."""
    check_phone(event)
    mac = phone_mac(event.get("mac"))
    x_m, y_m = length_m(event.get("x")), length_m(event.get("y"))
    if x_m + y_m != x_m + y_m:  # either is NaN
        raise RecordUnusable(RecordRefusal.NO_POSITION)
    # where both spellings stand, the one with the underscore is a dummy
    on_map = read_name(event.get("mapid")) or read_name(event.get("map_id"))
    decoded.positions.append(VendorPosition(mac, epoch_s(event.get("timestamp")), x_m, y_m, map=on_map))


def check_phone(event: Json) -> None:
    """Raises RecordUnusable `not_wifi` for assets: labels and trolleys, which share topics with phones."""
    kind = read_name(event.get("type")).lower()
    if kind == "asset" or (not kind and not is_absent(event.get("asset_id"))):
        raise RecordUnusable(RecordRefusal.NOT_WIFI)


def add_scan(event: Json, decoded: Decoded) -> None:
    """`sdkclient-scan-data`: what the phone hears of the access points, two bands of one among them."""
    mac = phone_mac(event.get("mac"))
    seen: set[tuple[str, str, float]] = set()
    scans = list(objects(event.get("scan_data"), decoded))
    last_seen = event.get("last_seen")
    connection = {key: event.get(f"connection_{key}") for key in ("ap", "band", "rssi")} | {"timestamp": last_seen}
    if not is_absent(connection["rssi"]):  # often one of the entries again
        scans.append(connection)
    if not scans:
        raise RecordUnusable(RecordRefusal.NO_RSSI)
    for scan in scans:
        try:
            at = scan.get("timestamp")
            t = epoch_s(last_seen if is_absent(at) else at)
            band = band_of(scan.get("band"))
            reading = VendorReading(mac, ap_mac(scan.get("ap"), mac), t, dbm(scan.get("rssi")), band=band)
            key = (reading.ap, band, t)
            if key in seen:
                raise RecordUnusable(RecordRefusal.DUPLICATE)
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)
            continue
        seen.add(key)
        decoded.readings.append(reading)
