"""Whose message formats simulated controllers speak: by themselves, so that `rayon --help` needs no scenario."""

from __future__ import annotations

from typing import Literal

WireFormat = Literal[
    "native", "meraki", "espresense", "openwrt", "mist", "meraki-scanning-v3", "aruba-iot", "cisco-cmx"
]
