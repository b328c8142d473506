"""Events of the Cisco Spaces Firehose that say something of phones."""

from __future__ import annotations

from engine.ingest.decoders.bodies import Json, child, objects
from engine.ingest.decoders.heard import Decoded, VendorIdentity, VendorReading, VendorSession
from engine.ingest.decoders.located import ErrorKind, make_position
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import (
    FOOT_M,
    RecordUnusable,
    ap_mac,
    dbm,
    degrees,
    epoch_s,
    error_m,
    is_absent,
    length_m,
    number,
    phone_mac,
    read_name,
)
from engine.vocabulary import RecordRefusal, SourceSession

ORIGIN = "top-left"
_PARENTS_MAX = 20  # a location's parents; a tree of stores has half a dozen


def add_location(update: Json, event: Json, decoded: Decoded) -> None:
    """Where a phone was when it was last seen."""
    device = child(update, "device")
    mac = phone_mac(device.get("macAddress"))
    t = epoch_s(update.get("lastSeen"))
    if t != t:
        t = epoch_s(event.get("recordTimestamp"))
    xy = length_m(update.get("xPos"), FOOT_M), length_m(update.get("yPos"), FOOT_M)
    lonlat = degrees(update.get("longitude"), update.get("latitude"))
    error, on_map = _error(update), read_name(update.get("mapId"))
    decoded.positions.append(make_position(mac, t, xy, lonlat, error, floor_name(update), on_map, ORIGIN))
    _add_identity(mac, update, device, decoded)


def _add_identity(mac: str, event: Json, device: Json, decoded: Decoded) -> None:
    given = event.get("rawUserId") or device.get("userId") or device.get("email") or device.get("mobile")
    user = read_name(given) if given else ""
    if user and ap_name(user) != mac:  # who signs in by MAC has no name
        decoded.identities.append(VendorIdentity(mac, user, read_name(event.get("ipv4"))))


def _error(update: Json) -> tuple[float, ErrorKind]:
    radius_m = error_m(update.get("confidenceFactor"), FOOT_M)
    return (radius_m, "r95") if radius_m == radius_m else (error_m(update.get("unc")), "unc")


def add_presence(presence: Json, event: Json, decoded: Decoded) -> None:
    """In and out. Activity and inactivity, and a change of the network, happen inside a visit: they are ignored."""
    kind = (read_name(presence.get("presenceEventType")) or read_name(event.get("eventType"))).upper()
    if "ENTRY" in kind:
        change, key = SourceSession.ENTER, "entryTimestamp"
    elif "EXIT" in kind:
        change, key = SourceSession.EXIT, "exitTimestamp"
    else:
        decoded.ignored += 1
        return
    device = child(presence, "device")
    mac = phone_mac(device.get("macAddress"))
    at = _first(presence, (key, "timestamp", "lastSeen"))
    t = epoch_s(event.get("recordTimestamp") if at is None else at)
    zone = read_name(child(presence, "location").get("name"))
    decoded.sessions.append(VendorSession(mac, change, t, ssid=read_name(presence.get("ssid")), zone=zone))
    _add_identity(mac, presence, device, decoded)


def add_association(association: Json, event: Json, decoded: Decoded) -> None:
    """Joined or left the network. The vendor's text of this event was not found: what does not say which is refused."""
    device = child(association, "device")
    given = device.get("macAddress") if device else association.get("macAddress")
    mac = phone_mac(given)
    said = association.get("association", association.get("associated"))
    if type(said) is not bool:
        raise RecordUnusable(RecordRefusal.AMBIGUOUS)
    change = SourceSession.CONNECT if said else SourceSession.DISCONNECT
    at = _first(association, ("timestamp", "lastSeen"))
    t = epoch_s(event.get("recordTimestamp") if at is None else at)
    decoded.sessions.append(VendorSession(mac, change, t, ssid=read_name(association.get("ssid"))))


def add_rssi(update: Json, event: Json, decoded: Decoded) -> None:
    """RSSI by access point. The body is not confirmed: it is taken where it looks like the Bluetooth event's."""
    notification = child(update, "rssiNotification")
    measured = notification.get("apRssiMeasurements")
    if type(measured) is not list:
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    mac = phone_mac(notification.get("macAddress"))
    for one in objects(measured, decoded):
        try:
            stamp = one.get("timestamp")
            t = epoch_s(event.get("recordTimestamp") if is_absent(stamp) else stamp)
            decoded.readings.append(VendorReading(mac, ap_mac(one.get("apMacAddress"), mac), t, dbm(one.get("rssi"))))
        except RecordUnusable as unusable:
            decoded.refuse(unusable.reason)


def add_count(counts: Json, event: Json, decoded: Decoded) -> None:
    """How many there are: good for a check of what is plausible, never a reading."""
    decoded.ignored += 1
    count = {
        "level": floor_name(counts),
        "t": epoch_s(event.get("recordTimestamp")),
        "associated": number(counts.get("associatedCount")),
        "probing": number(counts.get("estimatedProbingCount")),
    }
    said = {name: value for name, value in count.items() if value == value and value != ""}
    decoded.notes.setdefault("counts", []).append(said)


def floor_name(update: Json) -> str:
    """The floor's name: of the location, or of the parent that is one."""
    at = location = child(update, "location")
    for _ in range(_PARENTS_MAX):  # almost always the first of them
        types = at.get("inferredLocationTypes")
        if type(types) is list and "FLOOR" in types:
            return read_name(at.get("name"))
        if "parent" not in at:
            break
        at = child(at, "parent")
    return read_name(location.get("name"))


def _first(record: Json, keys: tuple[str, ...]) -> object:
    """The first value that is said; 0 is how protobuf says nothing."""
    return next((record[key] for key in keys if not is_absent(record.get(key)) and record[key] != 0), None)
