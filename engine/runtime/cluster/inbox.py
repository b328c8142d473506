"""What arrives for a shard: heard, given to its stores or held for them, acknowledged when they have it for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from engine.config import Config
from engine.errors import DecodeError, MessageRefused
from engine.ingest.decoders.native import Frame, store_of
from engine.ingest.mqtt.receiver import RawFrame, Token
from engine.ingest.samples import FrameSamples, UnknownPoints, note_refused
from engine.ingest.sources.declared import Sources
from engine.ingest.sources.envelope import KIND
from engine.privacy.secrets import Secrets
from engine.runtime.cluster.acknowledging import Answered, Name, Unanswered, digest_of
from engine.runtime.cluster.store_at_work import StoreAtWork
from engine.runtime.listening.ears import Ears, Said
from engine.runtime.stored.gathering import Batch, Gathering
from engine.vocabulary import FrameRefusal, RecordRefusal

DIGEST_KEY = "shard messages"


class Inbox:
    """Used by the worker's thread. `stores` are those the shard has; it is told by `hear` when they change."""

    def __init__(
        self, config: Config, secrets: Secrets, seal: bytes, stores: Mapping[str, StoreAtWork], sources: Sources
    ) -> None:
        self._config, self._seal, self._stores = config, seal, stores
        self._key = secrets.derive_key(DIGEST_KEY)
        self._gathering = Gathering(config.positioning.window_s)
        self._unanswered = Unanswered()
        self._acks: list[Token] = []
        self._samples = FrameSamples(config.ingest.samples_per_reason)
        self.unusable: Counter[FrameRefusal | RecordRefusal] = Counter()
        self.arrived = 0
        self.redelivered = 0
        """Messages that came again: they were in memory, or in a checkpoint."""
        self.hear(sources)

    def __len__(self) -> int:
        """Messages that are not acknowledged."""
        return len(self._unanswered)

    @property
    def oldest_at(self) -> float | None:
        """When the oldest of them came, s UTC."""
        return self._unanswered.oldest_at

    def hear(self, sources: Sources) -> None:
        """Hears for the stores as they are now."""
        plans = {store: at_work.plan for store, at_work in self._stores.items()}
        names = {store: at_work.pseudonyms for store, at_work in self._stores.items()}
        self._ears = Ears(sources, plans, names, self._seal, self._config.ingest.terminals)
        self._unknown_points = UnknownPoints({store: plan.ap_index for store, plan in plans.items()})

    def sort(self, taken: Sequence[RawFrame], now: float) -> None:
        """Gives what arrived to whoever needs it."""
        for raw in taken:
            self.arrived += 1
            name = Name(raw.token.mid, digest_of(raw.topic, raw.payload, self._key))
            again = self._unanswered.renew(name, raw.token) if name.mid else None
            if again is None:
                self._take_in(raw, name, now)
                continue
            self.redelivered += 1
            for store in again[1]:
                self._give(store, again[0], raw, now)

    def open(self, store: str, held: Sequence[tuple[int, RawFrame]], now: float) -> None:
        """The store's engine runs: what was `held` for it, and its checkpoint does not contain, is gathered."""
        runner = self._stores[store].runner
        for serial, raw in held:
            if runner is not None and runner.messages.contains(self._unanswered.name(serial), raw.received_at):
                self.redelivered += 1
                self.settle(store, [serial])
            else:
                self._give(store, serial, raw, now)

    def take(self, now: float) -> dict[str, Batch]:
        """What is ready to be stepped, by store. Each must be given to `note`, and stepped."""
        return self._gathering.take(now)

    def drop(self, store: str) -> Batch:
        """What waits to be stepped of a store, ready or not."""
        return self._gathering.drop(store)

    def rest_s(self, now: float, at_most_s: float) -> float:
        """For how long nothing becomes ready by itself."""
        return self._gathering.rest_s(now, at_most_s)

    def note(self, store: str, batch: Batch) -> list[Frame]:
        """The frames of a batch, whose messages the store's state is about to contain."""
        at_work = self._stores[store]
        runner = at_work.runner
        for raw, frame in batch:
            serial = raw.token.mid
            if runner is not None:
                runner.messages.step(serial, self._unanswered.name(serial), raw.received_at)
                noted = note_refused(
                    self._samples, self._unknown_points, frame, raw.topic, raw.payload, at_work.pseudonyms.many
                )
                runner.hearing.hanging.hear_unknown(noted)
        return [frame for _, frame in batch]

    def settle(self, store: str, serials: Sequence[int]) -> None:
        """The store has these for good, or has no need of them."""
        for done in self._unanswered.settle(store, serials):
            self._answer(done)

    def lose(self, store: str) -> None:
        """All that is known of the store is dropped; the broker has to send its messages again."""
        self._gathering.drop(store)
        self._unanswered.lose(store)

    def leave(self, store: str) -> None:
        """The store is another shard's: what still comes for it is its."""
        self._gathering.drop(store)
        self.settle(store, self._unanswered.of(store))

    def connect(self) -> None:
        """There is a new connection."""
        for at_work in self._stores.values():
            if at_work.runner is not None:
                at_work.runner.messages.connect(self.arrived)

    def give_up(self, store: str, before: float) -> None:
        """Another owner ran this store at that time (s UTC), and has what it was sent before, too. Of one that may be
        dead nothing is given up: what came for the store lies with it nowhere."""
        at_work = self._stores[store]
        old = [serial for serial, raw in at_work.held if raw.received_at < before]
        at_work.held = [(serial, raw) for serial, raw in at_work.held if raw.received_at >= before]
        self.settle(store, old)

    def forget(self, now: float) -> None:
        """Drops the names of messages that cannot come again."""
        for at_work in self._stores.values():
            if at_work.runner is not None:
                at_work.runner.messages.forget(self.arrived, now)

    def take_acks(self) -> list[Token]:
        """What may be acknowledged now."""
        acks, self._acks = self._acks, []
        return acks

    def _take_in(self, raw: RawFrame, name: Name, now: float) -> None:
        said = self._hear(raw, now)
        here = [] if said is None else [frame for frame in said.frames if frame.store in self._stores]
        needed = [frame for frame in here if not self._contains(frame.store, name, raw.received_at)]
        self.redelivered += bool(here) and not needed
        if not needed:
            self._answer(Answered(raw.token, name, tuple(frame.store for frame in here)))
            return
        serial = self._unanswered.add(name, raw.token, raw.received_at, [frame.store for frame in needed])
        for frame in needed:
            self._gather_or_hold(serial, raw, frame, now)

    def _hear(self, raw: RawFrame, now: float) -> Said | None:
        """What it says; None where it cannot be used, or is of a store that has left us."""
        handed_over = raw.topic.split("/")[2:3] == [KIND]  # of several stores, maybe
        if raw.topic.startswith("rayon/") and not handed_over and store_of(raw.topic) not in self._stores:
            return None
        try:
            said = self._ears.hear(raw)
        except (DecodeError, MessageRefused) as error:
            self.unusable[error.reason] += 1
            self._samples.add(error.reason, raw.topic, raw.payload, raw.received_at)
            refused = self._stores.get(store_of(raw.topic))
            if refused is not None and refused.runner is not None:
                refused.runner.miss(1, now)
                refused.has_news = True
            return None
        for store, unknown in said.unknown_aps.items():
            self._unknown_points.see(store, unknown.points)
            runner = self._stores[store].runner
            if runner is not None:
                runner.hearing.hanging.hear_unknown(unknown)
        for session in said.sessions:
            self._stores[session.store].owners.hear(session, raw.received_at)
        return said

    def _contains(self, store: str, name: Name, at: float) -> bool:
        runner = self._stores[store].runner
        return runner is not None and runner.messages.contains(name, at)

    def _give(self, store: str, serial: int, raw: RawFrame, now: float) -> None:
        """A message that is known, once more to this store."""
        try:
            frames = [frame for frame in self._ears.hear(raw).frames if frame.store == store]
        except (DecodeError, MessageRefused):
            frames = []
        if frames:
            self._gather_or_hold(serial, raw, frames[0], now)
        else:
            self.settle(store, [serial])

    def _gather_or_hold(self, serial: int, raw: RawFrame, frame: Frame, now: float) -> None:
        at_work = self._stores[frame.store]
        if at_work.runner is None:
            at_work.held.append((serial, raw))
        else:
            numbered = raw._replace(token=Token(0, serial))
            self._gathering.add(numbered, frame, now, at_work.runner.frontier_after(frame))

    def _answer(self, done: Answered) -> None:
        self._acks.append(done.token)
        for store in done.stores:
            at_work = self._stores.get(store)
            if at_work is not None and at_work.runner is not None:
                at_work.runner.messages.answer(done.name, self.arrived)
