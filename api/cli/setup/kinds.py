"""Every kind of source as setup offers it: how it comes, whose secret it is, and what to type into its console.

Facts from docs/reference/sources, which say more, and what of it is not confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MADE, GIVEN = "made", "given"


@dataclass(frozen=True, slots=True)
class Offered:
    """One kind. `secret` is `made` here and typed into the console, `given` by the vendor and asked for, or none; what
    is asked is `secret_is`. `options` are asked with their questions, empty for none. `console` lines may hold
    {broker}, {topic}, {url} and {secret}. `maps`: places of its own need to be told which level their map is."""

    title: str
    way: Literal["topic", "receiver", "url"]
    console: tuple[str, ...]
    topic: str = ""
    url: str = ""
    secret: Literal["", "made", "given"] = ""
    secret_is: str = ""
    options: tuple[tuple[str, str], ...] = ()
    maps: bool = False
    y_down: bool = False
    says: str = "signals: positions, and coupons at the shelf"
    page: str = "sensors"


_ONE_SIGNAL = "one signal a phone: who is in the shop and near which access point, no position"
_PLACES = "places that the vendor computed"
_AP = (("ap", "The access point that sends it, where its body names none (empty: it does)"),)

OFFERED: dict[str, Offered] = {
    "native": Offered(
        "Rayon's own format: our OpenWrt agent, or a program of yours",
        "topic",
        (
            "Publish with QoS 1 to {topic} (the last part names the sender), on {broker}:",
            '  {{"sent_at": T, "readings": [{{"mac": "...", "ap": "...", "t": T, "rssi": -61}}]}}, T in seconds UTC',
            "OpenWrt: the agent of docs/operations/openwrt.md, option store and option host as here",
        ),
        page="mqtt",
    ),
    "meraki-mqtt": Offered(
        "Cisco Meraki, access points publish to the broker",
        "topic",
        (
            "Dashboard, Network-wide, General, MQTT (MR 28 and newer, MR Advanced): on, broker {broker}",
            "topic: leave meraki/v1/mr/...; fields RSSI, AP MAC, client MAC, timestamp, radio",
            "Wi-Fi: visible; frequency 1 s; flush as low as it goes; hysteresis off",
        ),
        topic="meraki/v1/mr/+/+/wifi/#",
        page="meraki",
    ),
    "meraki-scanning-v3": Offered(
        "Cisco Meraki, its cloud posts once a minute (Scanning API)",
        "receiver",
        (
            "Dashboard, Network-wide, General, Location and scanning: both on; note the validator",
            "Add a post URL: {url}, secret {secret}, version 3, radio type Wi-Fi; validate once the site runs",
        ),
        secret="made",
        options=(("validator", "The validator that the dashboard shows"),),
        maps=True,
        says="signals once a minute: heat zones and dwell, coupons late",
        page="meraki",
    ),
    "meraki-scanning-v2": Offered(
        "Cisco Meraki, its cloud posts version 2",
        "receiver",
        (
            "Dashboard, Network-wide, General, Location and scanning: both on; note the validator",
            "Add a post URL: {url}, secret {secret}, version 2; version 3 is better where there is a choice",
        ),
        secret="made",
        options=(("validator", "The validator that the dashboard shows"),),
        maps=True,
        says="signals once a minute: heat zones and dwell, coupons late",
        page="meraki",
    ),
    "mist": Offered(
        "Juniper Mist, webhooks",
        "receiver",
        (
            "Organization or Site, Settings, Webhooks, add: HTTP POST, URL {url}, secret {secret}",
            "topics wifi-conn-raw and wifi-unconn-raw (signals), client-join and client-sessions (who is there)",
        ),
        secret="made",
        maps=True,
        page="mist",
    ),
    "cisco-cmx": Offered(
        "Cisco CMX 10, or Detect and Locate of Spaces, notifications",
        "receiver",
        (
            "Manage, Notifications, New: LocationUpdate, JSON, to {url}",
            "header  Authorization: Bearer {secret}; MAC scrambling off",
        ),
        secret="made",
        maps=True,
        y_down=True,
        says=_PLACES,
        page="cisco",
    ),
    "cisco-spaces": Offered(
        "Cisco Spaces, Firehose",
        "url",
        ("Activate the app for your tenant in Cisco Spaces (partners.ciscospaces.io, .eu or .sg) for the API key",),
        url="https://partners.ciscospaces.eu/api/partners/v1/firehose/events",
        secret="given",
        secret_is="The API key",
        maps=True,
        y_down=True,
        says=_PLACES,
        page="cisco",
    ),
    "aruba-ale": Offered(
        "Aruba ALE, asked by REST",
        "url",
        ("In ALE: anonymization off; an account that may read the API",),
        url="https://ale.example/api/v1/location",
        secret="given",
        secret_is="Its secret",
        maps=True,
        says=_PLACES,
        page="aruba-ale",
    ),
    "aruba-iot": Offered(
        "Aruba AOS 8, IoT transport (needs a relay that puts its frames on MQTT)",
        "topic",
        (
            "IoT transport profile: Telemetry WebSocket, Wi-Fi associated and unassociated stations, token {secret}",
            "Rayon has no WebSocket door yet: a relay has to publish the frames to {topic} on {broker}",
        ),
        topic="in/aruba-iot/{store}",
        secret="made",
        page="aruba",
    ),
    "aruba-central": Offered(
        "Aruba Central, streams (needs a relay that puts its frames on MQTT)",
        "topic",
        ("Central: switch the stream on; a relay has to publish its frames to {topic} on {broker}",),
        topic="in/aruba-central/{store}",
        maps=True,
        y_down=True,
        says="signals and places once a minute: heat zones and dwell, coupons late",
        page="aruba",
    ),
    "ruckus": Offered(
        "Ruckus SmartZone",
        "topic",
        ("Northbound data streaming to {broker}; no encrypt-mac-ip",),
        topic="ruckus/{store}/#",
        says=_ONE_SIGNAL,
        page="controllers",
    ),
    "unifi": Offered(
        "UniFi Network",
        "url",
        ("A local account that may look (Admins, View only), without a second factor",),
        url="https://192.168.1.1",
        secret="given",
        secret_is="Its name and password, as user:password",
        options=(("verify", "Certificate signed by itself? Then no (empty: it is checked)"),),
        says=_ONE_SIGNAL,
        page="controllers",
    ),
    "omada": Offered(
        "TP-Link Omada",
        "url",
        ("A local account of the role Viewer on the controller",),
        url="https://192.168.1.2:8043",
        secret="given",
        secret_is="Its name and password, as user:password",
        options=(("verify", "Certificate signed by itself? Then no (empty: it is checked)"),),
        says=_ONE_SIGNAL,
        page="controllers",
    ),
    "openwrt": Offered(
        "OpenWrt with another collector than our agent (hostapd, usteer, DAWN)",
        "topic",
        ("Let it publish to {topic} on {broker}, one body a message",),
        topic="openwrt/{store}/#",
        options=_AP,
        says="one signal a phone, several from usteer, DAWN and 802.11k",
    ),
    "espresense": Offered(
        "ESPresense (Bluetooth)",
        "topic",
        ("On each node: MQTT server {broker}; its room is the access point's name in the plan",),
        topic="espresense/devices/+/+",
    ),
    "esp32": Offered(
        "ESP32 boards that listen to Wi-Fi",
        "topic",
        ("Let each publish {{mac, rssi}} to {topic} on {broker}, its own name in sensor or as the topic's last part",),
        topic="esp32/{store}/#",
    ),
    "android-rtt": Offered(
        "Ranges that an app measures (802.11mc)",
        "receiver",
        ("The app posts RangingResult as JSON to {url}", "header  Authorization: Bearer {secret}"),
        secret="made",
        says="ranges in metres: positions, and coupons at the shelf",
    ),
    "radius": Offered(
        "RADIUS accounting, from FreeRADIUS",
        "receiver",
        (
            "rest module: uri {url}, method post, body json",
            "header  Authorization: Bearer {secret}",
        ),
        secret="made",
        says="sessions: whose phone it is; add another source for signals",
    ),
}
"""By the names of `DECODERS`, what shops have most often first."""
