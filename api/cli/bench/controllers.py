"""Messages of controllers, access points and sensors in the shop itself, for the decoders' bench."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from engine.ingest.decoders.heard import VendorMessage

PHONES, APS = 100, 6
NOW = 1795860000


def mac(k: int, separator: str = ":") -> str:
    """A phone's."""
    return separator.join(("06", "00", "00", "00", f"{k // 256:02x}", f"{k % 256:02x}"))


def ap_mac(k: int, separator: str = ":") -> str:
    """An access point's."""
    return separator.join(("00", "00", "5e", "00", "53", f"{k % APS:02x}"))


def message(body: object, topic: str = "") -> VendorMessage:
    """A body as JSON."""
    return VendorMessage(json.dumps(body).encode(), float(NOW), topic)


def _unifi() -> tuple[list[VendorMessage], int]:
    clients = [
        {
            "mac": mac(k), "ap_mac": ap_mac(k), "bssid": ap_mac(k), "essid": "Shop", "radio": "na", "channel": 52,
            "signal": -61, "noise": -96, "rssi": 35, "last_seen": NOW - 2, "assoc_time": NOW - 600, "is_guest": False,
            "is_wired": False, "hostname": "phone", "oui": "Maker", "user_id": "1d877374", "satisfaction": 98,
            "ip": "10.0.0.9", "tx_bytes": 1024, "rx_bytes": 2048, "uptime": 600, "vlan": 1,
        }
        for k in range(PHONES)
    ]  # fmt: skip
    return [message({"meta": {"rc": "ok"}, "data": clients})], PHONES


def _omada() -> tuple[list[VendorMessage], int]:
    clients = [
        {
            "mac": mac(k, "-").upper(), "name": "phone", "deviceType": "unknown", "ip": "10.0.0.9", "wireless": True,
            "connectDevType": "ap", "ssid": "SHOP", "signalLevel": 60, "signalRank": 4, "apName": "Till",
            "apMac": ap_mac(k, "-").upper(), "radioId": 1, "channel": 44, "rssi": -66, "snr": 29, "active": True,
            "lastSeen": NOW * 1000 - k, "guest": False, "powerSave": False, "uptime": 600, "trafficDown": 1024,
        }
        for k in range(PHONES)
    ]  # fmt: skip
    return [message({"errorCode": 0, "result": {"totalRows": PHONES, "currentPage": 1, "data": clients}})], PHONES


def _ruckus() -> tuple[list[VendorMessage], int]:
    clients = [
        {
            "clientMac": mac(k).upper(), "ipAddress": "10.0.0.9", "osType": "iOS", "vlan": 1, "noiseFloor": -96,
            "radio": {"radioId": 1, "wlan": {"ssid": "Shop"}}, "rssi": 33, "receiveSignalStrength": -63,
        }
        for k in range(PHONES)
    ]  # fmt: skip
    stats = {"ap": ap_mac(0).upper(), "deviceName": "till", "zoneName": "Shop", "sampleTime": NOW, "clients": clients}
    return [message({"sciSystemId": "sz-1", "sentTimeMs": f"{NOW}000", "apClient": stats})], PHONES


def _openwrt() -> tuple[list[VendorMessage], int]:
    """usteer: four nodes heard each phone."""
    node = {"connected": False, "signal": -61}
    return [message({mac(k): {f"10.0.0.{n}#hostapd.wlan0": node for n in range(4)} for k in range(PHONES)})], PHONES * 4


def _espresense() -> tuple[list[VendorMessage], int]:
    """One reading a message."""
    messages = []
    for k in range(PHONES):
        body = {"mac": mac(k, ""), "id": f"known:{mac(k, '')}", "rssi@1m": -71, "rssi": -61.25, "rxAdj": 0,
                "rssiVar": 6.9, "distance": 2.1, "var": 0.4, "close": False, "int": 1054}  # fmt: skip
        messages.append(message(body, f"espresense/devices/known:{mac(k, '')}/till"))
    return messages, PHONES


def _esp32() -> tuple[list[VendorMessage], int]:
    frames = [{"mac": mac(k).upper(), "rssi": -71, "channel": 1, "timestamp": 1000 * k, "type": "probe-req"}
              for k in range(PHONES)]  # fmt: skip
    return [message({"sensor": "esp-3", "boot": 71, "frames": frames})], PHONES


SAMPLES: Mapping[str, Callable[[], tuple[list[VendorMessage], int]]] = {
    "unifi": _unifi,
    "omada": _omada,
    "ruckus": _ruckus,
    "openwrt": _openwrt,
    "espresense": _espresense,
    "esp32": _esp32,
}
"""Messages of each kind, and how many readings they hold."""
