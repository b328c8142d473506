"""Every decoder by the name of its kind, as `sources:` in config.yaml and `rayon decode` name it."""

from __future__ import annotations

from engine.ingest.decoders.clouds.meraki_mqtt import decode_meraki_mqtt
from engine.ingest.decoders.clouds.meraki_scanning import decode_meraki_scanning
from engine.ingest.decoders.clouds.mist import decode_mist
from engine.ingest.decoders.heard import Decoder

DECODERS: dict[str, Decoder] = {
    "meraki-mqtt": decode_meraki_mqtt,
    "meraki-scanning-v2": decode_meraki_scanning,
    "meraki-scanning-v3": decode_meraki_scanning,
    "mist": decode_mist,
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
}
"""Other names that people use for a kind."""
