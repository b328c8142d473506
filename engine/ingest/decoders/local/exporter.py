"""The text that Prometheus exporters write of their stations: OpenWrt's `wifi_stations`, and others' of the same kind.

The age of a sample is in another line, to be joined by interface and MAC. See
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import re
from typing import NamedTuple

from engine.ingest.decoders.heard import ABSENT, Decoded, VendorReading
from engine.ingest.decoders.loose import age_s, read_each, require_ap
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import dbm, number, phone_mac

LEVELS = frozenset(("wifi_station_signal_dbm", "omada_client_rssi_dbm", "ruckus_ap_client_wireless_rssi_dbm"))
AGES_MS = frozenset(("wifi_station_inactive_milliseconds",))
APS = ("ap_mac", "ap", "bssid", "ap_name")
MACS = ("mac", "client_mac", "station")

_LONGEST_LINE = 1_000  # characters: no station has more labels
_LINE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{(.*)\}\s*(\S+)(?:\s+(-?\d+))?")
_LABEL = re.compile(r'(?<![a-zA-Z0-9_])([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"')


class _Sample(NamedTuple):
    name: str
    labels: dict[str, str]
    value: str
    t: float

    @property
    def station(self) -> tuple[str, str]:
        """By which an age is joined to a level."""
        mac = next((self.labels[key] for key in MACS if key in self.labels), "")
        return self.labels.get("ifname", self.labels.get("interface", "")), mac.lower()


def is_exposition(body: str) -> bool:
    """Whether a text has at least one line of an exporter."""
    return any(_match(line) for line in body[:200_000].splitlines())


def read_if_exposition(body: bytes, ap: str, out: Decoded) -> bool:
    """Reads a body that is no JSON and an exporter's text. False, and nothing read, where it is another."""
    if body[:64].lstrip()[:1] in (b"{", b"["):
        return False
    text = body.decode("utf-8", "replace")
    if not is_exposition(text):
        return False
    read_exposition(text, ap, out)
    return True


def read_exposition(body: str, ap: str, out: Decoded) -> None:
    """Levels with their ages. Metrics that say nothing of phones are passed over."""
    samples = [sample for line in body.splitlines() if (sample := _sample(line)) is not None]
    ages_s = {sample.station: age_s(sample.value) for sample in samples if sample.name in AGES_MS}
    levels = [sample for sample in samples if sample.name in LEVELS]

    def read(sample: _Sample) -> None:
        address = next((sample.labels[key] for key in MACS if key in sample.labels), None)
        mac = phone_mac(address)
        named = next((sample.labels[key] for key in APS if sample.labels.get(key)), "")
        level = dbm(sample.value)
        age = ages_s.get(sample.station, ABSENT)
        out.readings.append(VendorReading(mac, require_ap(ap_name(named) or ap), sample.t, level, age_s=age))

    read_each(levels, read, out)
    if not levels:
        out.ignored += 1


def _match(line: str) -> re.Match[str] | None:
    return _LINE.fullmatch(line.strip()) if "{" in line and len(line) <= _LONGEST_LINE else None


def _sample(line: str) -> _Sample | None:
    found = _match(line)
    if found is None or found[1] not in LEVELS | AGES_MS:
        return None
    t = number(found[4]) / 1000
    return _Sample(found[1], dict(_LABEL.findall(found[2])), found[3], t if t > 0 else ABSENT)
