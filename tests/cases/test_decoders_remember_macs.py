"""Decoders remembered how thousands of MACs and addresses were spelled, for as long as the process lived.

Input: messages with a phone's MAC and its IP address. Right: once the engine has reported (every 2 s) no decoder
holds either of them.
"""

from __future__ import annotations

import gc

import pytest

from engine.ingest.decoders.bodies import json_object
from engine.ingest.decoders.clouds.meraki_mqtt import decode_meraki_mqtt
from engine.ingest.decoders.forgetting import forget_addresses
from engine.ingest.decoders.heard import Told, VendorMessage
from engine.ingest.decoders.loose import address
from engine.ingest.sources.declared import Sources
from engine.runtime.listening.ears import Ears

PHONE, IP = "02:00:5e:aa:53:77", "10.98.76.54"


def held() -> list[str]:
    """Texts that hold the phone's address or its IP, among what caches of functions keep alive."""
    gc.unfreeze()  # caches stand before the first test
    gc.collect()
    caches = [
        o for o in gc.get_objects() if type(o).__name__ == "_lru_cache_wrapper" and o.__module__.startswith("engine.")
    ]
    kept = [key for cache in caches for key in gc.get_referents(cache) if isinstance(key, str | tuple)]
    inner = [text for cache in caches for item in gc.get_referents(cache) for text in gc.get_referents(item)]
    return [str(item) for item in (*kept, *inner) if PHONE in str(item) or IP in str(item)]


@pytest.mark.parametrize("forget", [forget_addresses, lambda: Ears(Sources(), {}, {}).report({})])
def test_nothing_is_remembered(forget: object) -> None:
    body = f'{{"clientMac":"{PHONE}","mrMac":"02:00:5e:00:53:01","rssi":"-60"}}'.encode()
    decoded = decode_meraki_mqtt(
        VendorMessage(body, 1.0, topic=f"meraki/v1/mr/N1/02:00:5e:00:53:01/wifi/{PHONE}"), Told()
    )
    assert decoded.readings[0].mac == PHONE
    assert address(IP) == IP
    assert json_object(body)
    assert held()
    forget()  # type: ignore[operator]
    assert held() == []
