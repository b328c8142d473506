"""Publishers for OpenWrt that say who is there, and not how strong: `wifi-presence`, and `owrtwifi2mqtt`."""

from __future__ import annotations

import re

from engine.ingest.decoders.heard import ABSENT, Decoded, VendorMessage, VendorSession
from engine.ingest.decoders.loose import read_each
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import RecordUnusable, epoch_s, phone_mac
from engine.vocabulary import RecordRefusal, SourceSession

_STATION = re.compile(r".*wifi-presence/station/([^/]+)/([^/]+)/(state|attrs)")
_STATUS = re.compile(r".*wifi-presence/[^/]+/status")
_LAST_SEEN = re.compile(r".*owrtwifi/status/mac-([0-9A-Fa-f-]+)/lastseen/(iso8601|epoch)")
_THERE = {
    "connected": SourceSession.CONNECT,
    "home": SourceSession.CONNECT,
    "disconnected": SourceSession.DISCONNECT,
    "not_connected": SourceSession.DISCONNECT,
    "not_home": SourceSession.DISCONNECT,
}


def read(message: VendorMessage, out: Decoded) -> bool:
    """Reads a message on a topic of theirs. False, and nothing read, where the topic is none."""
    if "wifi" not in message.topic:
        return False
    station, seen = _STATION.fullmatch(message.topic), _LAST_SEEN.fullmatch(message.topic)
    body = message.body[:100].decode("utf-8", "replace").strip()
    if station and station[3] == "state":
        read_each([body], lambda state: out.sessions.append(_change(station[1], station[2], state)), out)
    elif seen:
        read_each([body], lambda text: out.sessions.append(_read_seen(seen[1], text)), out)
    elif station or _STATUS.fullmatch(message.topic):
        out.ignored += 1
    else:
        return False
    return True


def _change(ap: str, address: str, state: str) -> VendorSession:
    mac = phone_mac(address)
    if state.lower() not in _THERE:
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    return VendorSession(mac, _THERE[state.lower()], ABSENT, ap_name(ap))


def _read_seen(address: str, text: str) -> VendorSession:
    return VendorSession(phone_mac(address), SourceSession.UPDATE, epoch_s(text))
