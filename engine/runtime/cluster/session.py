"""A shard's session at the broker: its name, its topics, and how much may be out at once."""

from __future__ import annotations

from collections.abc import Collection

from engine.config import MqttConfig
from engine.errors import OperatorError, Problem
from engine.ingest.sources.declared import Sources
from engine.ingest.sources.envelope import KIND, request_topic
from engine.runtime.cluster.acknowledging import RECEIVE_MAXIMUM

KINDS = ("readings", "replay", "sessions", "labels", KIND)
SESSION_S = 7 * 86_400  # for so long the broker keeps what comes for a shard that nobody runs


def session_name(shard: int) -> str:
    """The client id of a shard, wherever it runs."""
    return f"rayon-shard-{shard}"


def session_config(mqtt: MqttConfig, shard: int) -> MqttConfig:
    """How a shard connects. Raises OperatorError for MQTT 3.1.1, which cannot bound what is out."""
    if mqtt.protocol != "5":
        why = f"MQTT {mqtt.protocol} cannot say how many messages may be unanswered"
        raise OperatorError([Problem("config.yaml", "mqtt.protocol", why, 'set it to "5"')])
    own = {
        "client_id": session_name(shard),
        "queue_frames": RECEIVE_MAXIMUM,
        "session_expiry_s": max(mqtt.session_expiry_s, SESSION_S),
    }
    return mqtt.model_copy(update=own)


def topics_of(stores: Collection[str], sources: Sources) -> frozenset[str]:
    """What to subscribe to for these stores: their own topics, those of vendors that tell of them, and where a receiver
    or poller puts what tells of several stores. No message comes twice by that."""
    own = {f"rayon/{store}/{kind}/+" for store in stores for kind in KINDS}
    vendors = {s.config.topic for s in sources if s.config.topic is not None and set(s.stores) & set(stores)}
    shared = {
        request_topic(s.config.stores[0], s.name)
        for s in sources
        if set(s.stores) & set(stores) and s.config.stores[0] not in stores
    }
    return frozenset(own | vendors | shared)
