"""How many readings, or located positions, a second come out of messages of each kind, on one core.

Messages are as large and as full as real ones; phones come again, as in a shop, so that their MACs are known.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from api.cli.bench.controllers import APS, NOW, PHONES, ap_mac, mac, message
from api.cli.bench.controllers import SAMPLES as OF_CONTROLLERS
from api.cli.bench.paired import Timed, figures_of, measure_rates
from engine.ingest.decoders.heard import Told, VendorMessage
from engine.ingest.decoders.kinds import DECODERS
from engine.ingest.decoders.native import decode_native
from engine.privacy.pseudonyms import Pseudonyms

UUID = "11111111-0000-4000-8000-000000000001"
NATIVE_FRAMES = (250, 20)


def measure_decoders(seconds: float) -> dict[str, Any]:
    """Readings a second of our own wire in two sizes of frame, and of each vendor's kind that is in `SAMPLES`."""
    calls: dict[str, Timed] = {f"native_{n}_readings_per_s": (_native(n), n) for n in NATIVE_FRAMES}
    for kind, make in SAMPLES.items():
        messages, records = make()
        key = f"{kind.replace('-', '_')}_records_per_s"
        calls[key] = (partial(_decode_all, kind, messages), records)
    rates = measure_rates(calls, seconds, clock=time.process_time)
    return {key: value for name, rate in rates.items() for key, value in figures_of(name, rate).items()}


def _decode_all(kind: str, messages: list[VendorMessage]) -> None:
    decoder, told = DECODERS[kind], Told()
    for one in messages:
        decoder(one, told)


def _native(n: int) -> Callable[[], object]:
    readings = [{"mac": mac(k % PHONES), "ap": f"ap-{k % APS}", "t": NOW - k % 3, "rssi": -60.5} for k in range(n)]
    payload = json.dumps({"sent_at": NOW, "readings": readings}).encode()
    aps = {f"ap-{k}": k for k in range(APS)}
    pseudonym = Pseudonyms(b"of the bench, and of nobody", NOW)
    topic = "rayon/bench/readings/controller"
    return partial(decode_native, topic, payload, store_aps=aps, pseudonym=pseudonym, received_at=NOW + 0.1)


def _meraki_mqtt() -> tuple[list[VendorMessage], int]:
    """One reading a message."""
    messages = []
    for k in range(PHONES):
        ap, client = ap_mac(k).upper(), mac(k).upper()
        body = {
            "mrMac": ap, "clientType": "visible", "clientMac": client, "networkId": "N_1", "radio": "wifi",
            "timestamp": f"2026-11-28 10:{k % 60:02d}:32.{k:03d}", "rssi": f"-{40 + k % 50}",
        }  # fmt: skip
        messages.append(message(body, f"meraki/v1/mr/N_1/{ap}/wifi/{client}"))
    return messages, PHONES


def _meraki_v3() -> tuple[list[VendorMessage], int]:
    """Four places in a minute, each heard by six access points."""
    observations = []
    for k in range(PHONES):
        locations = [
            {
                "x": f"{k}.25", "y": 4.5, "lat": 48.85, "lng": 2.35, "variance": 3.2, "floorPlanId": "g_1",
                "floorPlanName": "Ground", "nearestApTags": ["", "front"], "time": f"2026-11-28T10:00:{s:02d}Z",
                "rssiRecords": [{"apMac": ap_mac(a), "rssi": -60 - a} for a in range(APS)],
            }
            for s in (1, 15, 30, 45)
        ]  # fmt: skip
        latest = {"time": "2026-11-28T10:00:45Z", "nearestApMac": ap_mac(0), "nearestApRssi": -60}
        observations.append(
            {
                "clientMac": mac(k), "ipv4": "10.0.0.9", "ipv6": None, "ssid": "Shop", "os": "iOS",
                "manufacturer": "Maker", "locations": locations, "latestRecord": latest,
            }
        )  # fmt: skip
    data = {"networkId": "N_1", "observations": observations}
    return [message({"version": "3.0", "secret": "s", "type": "WiFi", "data": data})], PHONES * 4 * APS


def _meraki_v2() -> tuple[list[VendorMessage], int]:
    location = {"lat": 48.85, "lng": 2.35, "unc": 5.0, "x": [1.2], "y": [3.4]}
    observations = [
        {
            "clientMac": mac(k), "ipv4": "/10.0.0.9", "ipv6": None, "seenTime": "2026-11-28T10:00:00Z",
            "seenEpoch": NOW, "ssid": "Shop", "rssi": 34, "manufacturer": "Maker", "os": None, "location": location,
        }
        for k in range(PHONES)
    ]  # fmt: skip
    data = {"apMac": ap_mac(0), "apFloors": ["Ground"], "apTags": [""], "observations": observations}
    return [message({"version": "2.0", "secret": "s", "type": "DevicesSeen", "data": data})], PHONES


def _mist() -> tuple[list[VendorMessage], int]:
    """An access point heard three packets of each phone."""
    packets = [{"band": "5GHz", "rssi": -63.5}, {"band": "2.4GHz", "rssi": -58}, {"band": "5GHz", "rssi": -64}]
    events = [
        {
            "ap_id": ap_mac(0, "-"), "client_id": mac(k, "-"), "connected_site": True, "map_id": UUID, "site_id": UUID,
            "org_id": UUID, "packets": packets,
        }
        for k in range(PHONES)
    ]  # fmt: skip
    return [message({"topic": "wifi-conn-raw", "events": events})], PHONES * len(packets)


def _cmx() -> tuple[list[VendorMessage], int]:
    notifications = [
        {
            "notificationType": "locationupdate", "subscriptionName": "rayon", "entity": "WIRELESS_CLIENTS",
            "deviceId": mac(k), "lastSeen": "2026-11-28T10:00:00.000+0000", "ssid": "Shop", "band": None,
            "apMacAddress": ap_mac(0), "locationMapHierarchy": "Mall>Building>Ground",
            "locationCoordinate": {"x": 131.2, "y": 118.9, "z": 0.0, "unit": "FEET"}, "confidenceFactor": 28.0,
            "timestamp": NOW * 1000 + k,
        }
        for k in range(PHONES)
    ]  # fmt: skip
    return [message({"notifications": notifications})], PHONES


def _spaces() -> tuple[list[VendorMessage], int]:
    """A line for each phone."""
    lines = []
    for k in range(PHONES):
        device = {"deviceId": f"device-{k}", "macAddress": mac(k), "manufacturer": "Maker", "os": "iOS", "email": ""}
        floor = {"locationId": "location-1", "name": "Ground", "inferredLocationTypes": ["FLOOR"], "apCount": 64}
        update = {
            "device": device, "location": floor, "ssid": "Shop", "rawUserId": "", "visitId": f"visit-{k}",
            "lastSeen": NOW * 1000, "mapId": "map-1", "xPos": 57.1, "yPos": 12.0, "confidenceFactor": 24.0,
            "latitude": 48.85, "longitude": 2.35, "unc": 7.3, "ipv4": "10.0.0.9",
        }  # fmt: skip
        event = {"recordUid": f"event-{k}", "recordTimestamp": NOW * 1000, "eventType": "DEVICE_LOCATION_UPDATE"}
        lines.append(json.dumps(event | {"deviceLocationUpdate": update}).encode())
    return [VendorMessage(b"\n".join(lines), float(NOW))], PHONES


def _ale() -> tuple[list[VendorMessage], int]:
    result = [
        {
            "msg": {
                "sta_eth_mac": {"addr": mac(k).upper()}, "sta_location_x": 13.42, "sta_location_y": 8.05,
                "error_level": 7, "associated": True, "campus_id": "B" * 32, "building_id": "C" * 32,
                "floor_id": "A" * 32, "hashed_sta_eth_mac": "D" * 40, "unit": "METERS",
            },
            "ts": NOW,
        }
        for k in range(PHONES)
    ]  # fmt: skip
    return [message({"Location_result": result})], PHONES


SAMPLES: Mapping[str, Callable[[], tuple[list[VendorMessage], int]]] = {
    "meraki-mqtt": _meraki_mqtt,
    "meraki-scanning-v2": _meraki_v2,
    "meraki-scanning-v3": _meraki_v3,
    "mist": _mist,
    "cisco-cmx": _cmx,
    "cisco-spaces": _spaces,
    "aruba-ale": _ale,
    **OF_CONTROLLERS,
}
"""Messages of each kind, and how many readings or positions they hold."""
