"""Frames of all makes to frames of stores: which source speaks, what its decoder makes of it, under which names."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.decoders.native import parse_topic
from engine.ingest.mqtt.receiver import RawFrame
from engine.ingest.sources.declared import Source, Sources
from engine.ingest.sources.envelope import KIND, open_request
from engine.ingest.sources.naming import Naming, StoresTold
from engine.plan.model import Plan
from engine.privacy.pseudonyms import Pseudonyms
from engine.vocabulary import RecordRefusal


class VendorEar:
    """Used by the engine's thread. Where the site declares no sources it hears nothing."""

    def __init__(
        self,
        sources: Sources,
        plans: Mapping[str, Plan],
        pseudonyms: Mapping[str, Pseudonyms],
        key: bytes | None = None,
    ) -> None:
        """`key` is that of what receivers hand over; None checks no seal."""
        self.sources, self._key = sources, key
        self._naming = Naming(plans, pseudonyms)

    def source_of(self, topic: str) -> Source | None:
        """Who speaks on this topic: a source's own, or one that a receiver took in. None for Rayon's native wire.

        Raises MessageRefused `unknown_source` for what a receiver took in for a source that is not declared here, or
        not for the store of the topic: who may publish for one store speaks for no source of another.
        """
        if topic.startswith("rayon/"):
            parts = topic.split("/")
            if len(parts) != 4 or parts[2] != KIND:
                return None
            source = self.sources.find(parts[3])
            if source is None or parts[1] not in source.config.stores:
                raise MessageRefused(RecordRefusal.UNKNOWN_SOURCE, "no source of this name is declared for this store")
            return source
        return self.sources.of_topic(topic)

    def hear(self, source: Source, raw: RawFrame) -> StoresTold:
        """What the frame says of the source's stores. Raises MessageRefused where it says nothing at all."""
        message = open_message(raw, self._key)
        return self._naming.name(source, message, source.decoder(message, source.told))


def open_message(raw: RawFrame, key: bytes | None = None) -> VendorMessage:
    """What a frame holds: a vendor's message on its own topic, or a request that a receiver took in. Raises
    MessageRefused for an envelope that is none."""
    if raw.topic.startswith("rayon/"):
        topic = parse_topic(raw.topic)
        if topic.kind == KIND:
            return open_request(raw.payload, raw.received_at, topic.source, key)
    return VendorMessage(raw.payload, raw.received_at, topic=raw.topic)
