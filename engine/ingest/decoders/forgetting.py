"""What decoders remember to be quick: spellings of addresses. They hold MACs and IP addresses in clear, so whoever
calls decoders has them forgotten again, within seconds of use."""

from __future__ import annotations

from engine.ingest.decoders import loose, macs
from engine.ingest.decoders.clouds import meraki_mqtt


def forget_addresses() -> None:
    """Nothing of what was decoded so far is remembered by any decoder."""
    macs.spell_mac.cache_clear()
    loose.spell_address.cache_clear()
    meraki_mqtt.parse_topic.cache_clear()
