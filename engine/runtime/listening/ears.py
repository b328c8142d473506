"""Everything that comes from the broker, as frames of stores and sessions of phones, whatever make it is of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.config import Config
from engine.errors import DecodeError, RayonError
from engine.ingest.decoders.forgetting import forget_addresses
from engine.ingest.decoders.labels import LABEL_SOURCE, LabelDecoder, is_label
from engine.ingest.decoders.native import Frame, NativeDecoder, NetworkSession, is_session, store_of
from engine.ingest.mqtt.receiver import RawFrame
from engine.ingest.names import SourceNames
from engine.ingest.samples import HeardUnknown
from engine.ingest.sources.declared import Sources
from engine.ingest.sources.figures import SourceFigures
from engine.ingest.sources.hearing import VendorEar
from engine.masks import mask_macs
from engine.plan.model import Plan
from engine.privacy.pseudonyms import Pseudonyms
from engine.runtime.listening.faults import DecoderFaults
from engine.vocabulary import FrameRefusal


@dataclass(frozen=True, slots=True)
class Said:
    """What one message says: at most a frame for each store."""

    frames: list[Frame] = field(default_factory=list)
    sessions: list[NetworkSession] = field(default_factory=list)
    unknown_aps: dict[str, HeardUnknown] = field(default_factory=dict)


class Ears:
    """Decoders of all sources of a site, and what each source was heard to say. Used by the engine's thread."""

    def __init__(
        self,
        sources: Sources,
        plans: Mapping[str, Plan],
        pseudonyms: Mapping[str, Pseudonyms],
        key: bytes | None = None,
        terminals: Collection[str] = (),
    ) -> None:
        """`key` is that of what receivers hand over, `terminals` the MACs of the store's own devices."""
        self._native = NativeDecoder({store: plan.ap_index for store, plan in plans.items()}, pseudonyms)
        self._labels = {store: LabelDecoder(plan, pseudonyms[store], terminals) for store, plan in plans.items()}
        self._vendors = VendorEar(sources, plans, pseudonyms, key)
        self.figures = SourceFigures(sources)
        self._names = SourceNames(key or b"", [source.name for source in sources])
        self._faults = DecoderFaults()

    def report(self, problems: Mapping[str, str]) -> dict[str, Any]:
        """What sources were heard to say; `problems` are of asking. Decoders forget addresses by that."""
        forget_addresses()
        return self.figures.as_json(problems)

    def hear(self, raw: RawFrame) -> Said:
        """Raises DecodeError or MessageRefused where the message cannot be used at all.

        This is the one place where a fault of a decoder is caught: a broker brings what is not acknowledged again, and
        one message would end every engine that is started.
        """
        try:
            return self._hear(raw)
        except (RayonError, MemoryError):
            raise
        except Exception as fault:
            self._faults.say(fault, raw.topic)
            raise DecodeError(FrameRefusal.DECODER_FAULT, type(fault).__name__) from fault

    def _hear(self, raw: RawFrame) -> Said:
        if raw.retained:
            raise DecodeError(FrameRefusal.RETAINED, "what a broker kept from before we asked is no news")
        source = self._vendors.source_of(raw.topic)
        if source is not None:
            with self.figures.refusals(source, raw.received_at):
                named = self._vendors.hear(source, raw)
            self.figures.note(source.name, named.frames, len(named.sessions), raw.received_at)
            return Said(named.frames, named.sessions, named.unknown_aps)
        if is_session(raw.topic):
            session = self._native.decode_session(raw.topic, raw.payload, raw.received_at)
            session = replace(session, source=self._names.of(session.source))
            self.figures.note(session.source, [], 1, raw.received_at, session.store)
            return Said(sessions=[session])
        if is_label(raw.topic):
            return Said([self._label_frame(raw)])
        frame = self._native.decode(raw.topic, raw.payload, raw.received_at)
        frame = replace(frame, source=self._names.of(frame.source))
        self.figures.note(frame.source, [frame], 0, raw.received_at, frame.store)
        return Said([frame])

    def _label_frame(self, raw: RawFrame) -> Frame:
        store = store_of(raw.topic)
        if store not in self._labels:
            raise DecodeError(FrameRefusal.UNKNOWN_STORE, f"{mask_macs(store)!r} has no floor plan here")
        frame = self._labels[store].decode(raw.topic, raw.payload, raw.received_at)
        frame = replace(frame, source=LABEL_SOURCE + self._names.of(frame.source.removeprefix(LABEL_SOURCE)))
        self.figures.note(frame.source, [frame], 0, raw.received_at, frame.store)
        return frame


def patient_config(config: Config, delay_s: float) -> Config:
    """The configuration of a store whose slowest source is `delay_s` behind: what it says is waited for, and known
    again when it comes twice."""
    ingest = config.ingest
    patient = {"reorder_s": max(ingest.reorder_s, delay_s), "dedup_s": max(ingest.dedup_s, 2 * delay_s)}
    if delay_s <= ingest.reorder_s:
        return config
    return config.model_copy(update={"ingest": ingest.model_copy(update=patient)})
