"""Every decoder by the name of its kind, as `sources:` in config.yaml and `rayon decode` name it."""

from __future__ import annotations

from engine.ingest.decoders.clouds.aruba_ale import decode_aruba_ale
from engine.ingest.decoders.clouds.cisco_cmx import decode_cisco_cmx
from engine.ingest.decoders.clouds.cisco_spaces import decode_cisco_spaces
from engine.ingest.decoders.clouds.meraki_mqtt import decode_meraki_mqtt
from engine.ingest.decoders.clouds.meraki_scanning import decode_meraki_scanning
from engine.ingest.decoders.clouds.mist import decode_mist
from engine.ingest.decoders.controllers.omada import decode_omada
from engine.ingest.decoders.controllers.ruckus import decode_ruckus
from engine.ingest.decoders.controllers.unifi import decode_unifi
from engine.ingest.decoders.heard import Decoder
from engine.ingest.decoders.local.android_rtt import decode_android_rtt
from engine.ingest.decoders.local.esp32 import decode_esp32
from engine.ingest.decoders.local.espresense import decode_espresense
from engine.ingest.decoders.local.openwrt import decode_openwrt
from engine.ingest.decoders.local.radius import decode_radius
from engine.ingest.decoders.native_heard import decode_native_heard
from engine.ingest.decoders.protobufs.aruba_central import decode_aruba_central
from engine.ingest.decoders.protobufs.aruba_iot import decode_aruba_iot

DECODERS: dict[str, Decoder] = {
    "native": decode_native_heard,
    "meraki-mqtt": decode_meraki_mqtt,
    "meraki-scanning-v2": decode_meraki_scanning,
    "meraki-scanning-v3": decode_meraki_scanning,
    "mist": decode_mist,
    "cisco-cmx": decode_cisco_cmx,
    "cisco-spaces": decode_cisco_spaces,
    "aruba-ale": decode_aruba_ale,
    "aruba-iot": decode_aruba_iot,
    "aruba-central": decode_aruba_central,
    "ruckus": decode_ruckus,
    "unifi": decode_unifi,
    "omada": decode_omada,
    "openwrt": decode_openwrt,
    "espresense": decode_espresense,
    "esp32": decode_esp32,
    "android-rtt": decode_android_rtt,
    "radius": decode_radius,
}

ALIASES = {
    "meraki-scanning": "meraki-scanning-v3",
    "cmx": "cisco-cmx",
    "cisco-spaces-firehose": "cisco-spaces",
    "spaces": "cisco-spaces",
    "dna-spaces": "cisco-spaces",
    "ale": "aruba-ale",
    "juniper-mist": "mist",
    "rayon": "native",
    "android": "android-rtt",
    "rtt": "android-rtt",
    "aruba": "aruba-iot",
    "central": "aruba-central",
    "smartzone": "ruckus",
    "ruckus-smartzone": "ruckus",
    "ubiquiti": "unifi",
    "tp-link-omada": "omada",
    "hostapd": "openwrt",
    "usteer": "openwrt",
    "dawn": "openwrt",
    "esp32-sniffer": "esp32",
    "freeradius": "radius",
}
"""Other names that people use for a kind."""
