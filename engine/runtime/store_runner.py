"""One store's engine with its journal, checkpoints and effects: what makes a crash lose nothing and repeat nothing.

Frames are stepped, appended to the journal, and only then forgotten by the broker. The journal may be some steps behind
(each commit costs the disk two blocks more than what is in it), but never behind an effect: before a decision is taken
it has everything that led there. Now and then a checkpoint saves the state and the statistics in one transaction and
cuts the journal. After a crash the last checkpoint is restored and the journal since then is stepped again, as it was:
fixes and visits come out as before, statistics were not yet written, and decisions are idempotent by their ids; what
the journal had not got, the broker sends again. Both are sealed under a key that dies with the day
(`engine.privacy.day_keys`).
"""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.config import Config
from engine.ingest.decoders.native import Frame
from engine.offers.audience import LinkedShopper
from engine.offers.campaigns import CampaignState
from engine.plan.cells import Cells
from engine.plan.model import Plan
from engine.positioning.labels.lesson import Lesson
from engine.presence.release import Release
from engine.privacy.consent import allows
from engine.privacy.day_keys import DayKeys, DerivedKeys
from engine.privacy.k_anonymity import whole_ks
from engine.privacy.nights import Nights
from engine.runtime.decisions import OfferDesk
from engine.runtime.labels.store_labels import StoreLabels
from engine.runtime.labels.told_labels import frame_of
from engine.runtime.listening.store_hearing import StoreHearing
from engine.runtime.map_fits import Fits, MapFits
from engine.runtime.store_engine import Step, StoreEngine
from engine.runtime.stored.behind import StepsBehind
from engine.runtime.stored.beside import Beside
from engine.runtime.stored.damage import BAD_CHECKPOINT, BAD_ROW, OLD_S, STALE, Damaged
from engine.runtime.stored.journal import pack_frames, read_linked, steps_in, unpack_frames
from engine.runtime.stored.layout import layout_of
from engine.runtime.stored.names import NameBook, ReadBook
from engine.runtime.stored.pace import Pace
from engine.runtime.stored.packing import VERSION, pack, unpack
from engine.runtime.stored.sealed_days import SealedDays
from engine.runtime.stored.versions import OtherLayout, of_present
from engine.runtime.stored.visit_rows import stop_rows, visit_row
from engine.storage.database import Database
from engine.storage.journal import Journal, JournalRow, VisitRow, load_recovery, save_checkpoint
from engine.storage.leases import Lease
from engine.storage.people.told_places import ToldPlace, drop_told_places, told_places
from engine.storage.taught import keep_taught, kept_taught
from engine.storage.vouchers.claims import Verdicts
from engine.vocabulary import Channel, LabelRefusal, Purpose, ReadingRefusal, RecordRefusal, StoreTrouble, VisitChange

log = logging.getLogger(__name__)


class StoreRunner:
    """A store that survives its process. Used by one thread. `fits` and `lessons` as for `StoreEngine`.

    With a `lease`, everything it writes is written only while the lease holds: `keep`, `decide`, `checkpoint` and
    `report` raise LeaseLost once another engine runs the store, and this object is then good for nothing.
    """

    def __init__(
        self,
        plan: Plan,
        config: Config,
        db: Database,
        secret: bytes,
        fits: MapFits | None = None,
        lease: Lease | None = None,
        keys: DayKeys | None = None,
        lessons: Fits[Lesson] | None = None,
    ) -> None:
        self.plan, self.lease = plan, lease
        self._engine = StoreEngine(plan, config, fits=fits, lessons=lessons)
        self._engine.set_uncounted(config.privacy.staff_devices)
        self._release = Release(
            plan, self.cells, config.presence.heat_cell_m, k=config.privacy.k, block_s=config.privacy.block_s
        )
        nights = Nights(plan.timezone, config.privacy.salt_turns_at)
        self._sealing = SealedDays(plan.store, nights, keys or DerivedKeys(secret))
        self._clock, self._night = 0.0, 0
        self._staff = config.privacy.staff_devices
        self._deciding = OfferDesk(plan, config, db, secret, lease)
        self._refused: Counter[ReadingRefusal | RecordRefusal | LabelRefusal] = Counter()
        self._damaged: Counter[Damaged] = Counter()
        self._db = db
        self._layout = layout_of(plan, config, self.cells)
        self._journal = Journal(db, plan.store, lease)
        self._names, self._read_names = NameBook(), ReadBook()
        self._upto_id = 0
        self.behind = StepsBehind()
        """What of the steps that were taken, or are about to be, the journal has not got."""
        self.beside = Beside()
        """What else a checkpoint holds."""
        self._pace = Pace()
        self._written_linked: set[int] = set()  # by the checkpoint or the journal since
        self._visits: list[VisitRow] = []
        self._touched = False
        self._lessons_kept = 0
        self.hearing = StoreHearing(plan)
        self.making_map = False
        """Whether it waits for a radio map: readings wait with it."""

    def recover(self, now: float) -> int:
        """Restores the last checkpoint and steps the journal again. Returns how many journal rows there were."""
        recovery = load_recovery(self._db, self.plan.store)
        self._upto_id = recovery.upto_id
        self.refresh()
        if recovery.checkpoint is not None:
            self._restore(recovery.checkpoint, now)
        self._recall_labels()
        if recovery.journal and now - recovery.journal[-1].now > OLD_S:
            age_h = (now - recovery.journal[-1].now) / 3600.0
            log.warning(STALE, self.plan.store, len(recovery.journal), age_h)
        for row in recovery.journal:
            for taken_at, frames in self._unpack(row, now):
                self.decide(self.advance(frames, taken_at), now)
            self._upto_id = row.id
        self._engine.listen_from(now)
        self.withdraw([], now)
        return len(recovery.journal)

    def _unpack(self, row: JournalRow, now: float) -> list[tuple[float, Sequence[Frame]]]:
        """The row's frames, step by step; none, counted or said, where they cannot be used."""
        try:
            payload = self._sealing.open(row.payload, now)
            frames = (
                None if payload is None else unpack_frames(self.plan.store, payload, self._layout, self._read_names)
            )
            self._were_linked([] if payload is None else read_linked(payload))
        except ValueError as error:
            self._damaged[Damaged.JOURNAL] += 1
            log.error(BAD_ROW, self.plan.store, row.id, error)
            return []
        if frames is None and payload is not None:
            log.warning("%s: a batch of readings of the floor plan as it was before is left out", self.plan.store)
        return [] if frames is None or payload is None else steps_in(payload, frames, row.now)

    def keep(self, frames: Sequence[Frame], now: float) -> None:
        """Frames of the next step, written at once. After this the broker may forget them."""
        self.behind.add(frames, now)
        self.write(now)

    def write(self, now: float) -> None:
        """Commits what it is behind by to the journal. After this the broker may forget it."""
        if not self.behind:
            return
        linked = self._deciding.links.keys() - self._written_linked
        packed, names = pack_frames(self.behind.frames, self._layout, self._names, sorted(linked), self.behind.steps)
        self._upto_id = self._journal.append(now, self._sealing.close(packed, now))
        self._names.learn(names)
        self._written_linked |= linked
        self.behind.clear()

    def take_told(self, now: float) -> list[Frame]:
        """What shoppers told of their places since the last look, journalled like what came over the wire."""
        told = told_places(self._db, self.plan.store)
        frames = self.frames_of(told, now)
        if frames:
            self.keep(frames, now)
            drop_told_places(self._db, [one.label_id for one in told])
        return frames

    def frames_of(self, told: Sequence[ToldPlace], now: float) -> list[Frame]:
        """Places that shoppers told, as if they had come over the wire; none where nobody told any."""
        links = self._deciding.links
        devices = {links[d].shopper_id: d for d in self.teaching_devices()}
        return [frame_of(self.plan, told, devices, now)] if told else []

    def advance(self, frames: Sequence[Frame], now: float) -> Step:
        """One step, its decisions taken and written. `now` is the wall clock."""
        for frame in frames:
            self._refused.update(frame.refused)
        late_before = self._engine.late
        step = self._engine.step(frames, now)
        self.hearing.note(frames, self._engine.late - late_before, step.fixes, now)
        self._touched |= bool(frames or step.visits or step.ended or len(step.fixes))
        self._remember(step)
        self._clock = min(step.clock, now)
        self._turn_waiting(self._sealing.night(now))
        kept = self._engine.are_counted(step.fixes.device)
        self._release.see(step.fixes if kept.all() else step.fixes.take(kept), self._engine.filter_counted(step.visits))
        return step

    def miss(self, frames: int, now: float) -> None:
        """Whole frames of this store could not be used: each counts as a reading that was refused."""
        self.hearing.miss(frames, now)

    def decide(self, step: Step, now: float) -> Verdicts:
        """The step's triggers decided and, where the answer is yes, vouchers issued. Safe to call again."""
        return self._deciding.decide(step.triggers, now)

    def refresh(self) -> None:
        """Takes over campaigns and links where they changed since the last look."""
        if self._deciding.refresh():
            self._engine.set_campaigns([c for c in self._deciding.campaigns if c.state is CampaignState.RUNNING])
            self._engine.set_linked(list(self._deciding.links))
            objecting = [device for device, who in self._deciding.links.items() if not who.counted]
            self._engine.set_uncounted([*self._staff, *objecting])
            self._engine.set_teaching(self.teaching_devices())

    def withdraw(self, others: Collection[int], now: float) -> None:
        """Whoever took the consent back since the last call, and `others` who opted out, are gone: from memory, from
        what is kept of it, and from the journal, in one checkpoint. Does nothing where there is nobody."""
        gone = sorted(self._deciding.withdrawn | set(others))
        if not gone:
            return
        names: dict[int, int] = {device: secrets.randbits(63) | 1 << 63 for device in gone}
        self._engine.withdraw(names)
        self.hearing.hanging.forget(gone)
        self._release.forget(np.array(gone, np.uint64))
        self._touched = True
        self.checkpoint(now)
        self._journal.clear()
        self._deciding.withdrawn.clear()

    def listen_from(self, now: float) -> None:
        """Nothing could be heard before `now` (s, UTC): that silence says nothing."""
        self._engine.listen_from(now)

    def frontier_after(self, frame: Frame) -> float:
        """Up to when the frame's source will have told everything once a step has it, s UTC."""
        return self._engine.frontier_after(frame)

    def rename(self, names: Mapping[int, int], now: float) -> None:
        """The salt has turned: devices go on under new names (old to new). The next checkpoint forgets the old ones."""
        self._engine.rename(names, now)
        self.hearing.hanging.rename()
        self._touched = True

    def linked_devices(self) -> list[int]:
        """The devices of shoppers who agreed to offers by location, as of the last `refresh`."""
        return list(self._deciding.links)

    def linked_shoppers(self) -> Mapping[int, LinkedShopper]:
        """The same with whose they are."""
        return self._deciding.links

    def zones_of(self, device: int) -> list[tuple[str, float]]:
        """The zones that a device is in now, and since when (s UTC)."""
        return self._engine.zones_of(device)

    def teaching_devices(self) -> list[int]:
        """Those of them whose shoppers agreed that their places teach the store's radio map."""
        links = self._deciding.links.items()
        return [d for d, who in links if allows(who.consents, Purpose.LOCATION_LEARNING, Channel.ANY)]

    def list_opted_out(self) -> frozenset[int]:
        """The stable pseudonyms of phones that are to be counted in nothing, as of the last `refresh`."""
        return self._deciding.opted_out

    @property
    def labels(self) -> StoreLabels:
        """What labels taught."""
        return self._engine.labels

    @property
    def cells(self) -> Cells:
        """Where one can walk."""
        return self._engine.cells

    def figures(self) -> dict[str, Any]:
        """What the health page and the metrics know of the store: counts, by reason where something was left out.

        How many devices are there now is said in steps of k only.
        """
        figures = self._engine.figures()
        taught, k = figures["labels"]["refused"], self._release.k
        crowd = {name: whole_ks(figures[name], k) for name in ("devices", "tracks")}
        figures["labels"] |= {n: whole_ks(figures["labels"][n], k) for n in ("labelled_devices", "left_devices")}
        for promise in figures["promises"].values():
            promise["labelled"] = whole_ks(promise["labelled"], k)
        return (
            figures
            | crowd
            | {
                "k": self._release.k,
                "troubles": {
                    StoreTrouble.MAKING_MAP: int(self.making_map),
                    **self.hearing.troubles(),
                },
                "points": self.hearing.points(),
                "refused": dict(self._refused) | taught,
                "damaged": dict(self._damaged),
                "linked": len(self._deciding.links),
                "decisions": dict(self._deciding.counts),
            }
        )

    def checkpoint_if_due(self, now: float, every_s: float) -> None:
        """A checkpoint where it is time for one."""
        if self._pace.is_due(now, every_s, rounded=self._engine.settled):
            self.checkpoint(now)

    def checkpoint(self, now: float) -> None:
        """Saves state and statistics and cuts the journal, in one transaction. Does nothing where nothing is new."""
        self._pace.note(now)
        if not self._touched:
            return
        drained = self._engine.drain()
        stops = stop_rows(self._deciding.links, drained.stops)
        statistics = self._release.take(drained, self._clock)
        state = {
            "engine": self._engine.state(),
            "waiting": self._release.state(),
            "night": self._night,
            "linked": np.array(sorted(self._deciding.links), np.uint64),
            "refused": dict(self._refused),
        } | self.beside.state()
        blob = self._sealing.close(pack({"layout": self._layout, "version": VERSION} | state), now)
        save_checkpoint(
            self._db,
            self.plan.store,
            self._upto_id,
            blob,
            statistics.heat,
            statistics.zone_hours,
            self._visits,
            now,
            flows=statistics.flows,
            expected=statistics.expected,
            stops=stops,
            lease=self.lease,
        )
        self.behind.clear()  # the state has what came of it
        self._journal.free(self._upto_id)
        self._names.begin()
        self._pace.note(now, len(blob))
        self._visits = []
        self._written_linked = set(self._deciding.links)
        self._touched = False
        self._sealing.destroy_old_keys(now)
        self._keep_labels(now)

    def _keep_labels(self, now: float) -> None:
        """What labels taught goes beside the checkpoint, whose key dies with the day: once for each lesson."""
        labels = self.labels
        kept = labels.pack_taught(self._release.k) if labels.lessons > self._lessons_kept else None
        if kept is not None:
            keep_taught(self._db, self.plan.store, self._layout, pack(kept), now, self.lease)
        self._lessons_kept = labels.lessons

    def _recall_labels(self) -> None:
        """Where the checkpoint knows of no labels, as after a night without an engine."""
        blob = kept_taught(self._db, self.plan.store, self._layout)
        if blob is None:
            return
        try:
            self.labels.take_kept(unpack(blob))
        except ValueError as error:
            self._damaged[Damaged.LABELS] += 1
            log.error("%s: what labels taught is damaged (%s): it is learnt anew", self.plan.store, error)

    def _turn_waiting(self, night: int) -> None:
        """Where the salt has turned, what waits keeps numbers of people, and no pseudonym."""
        if night != self._night:
            self._release.turn()
            self._night, self._touched = night, True

    def _restore(self, blob: bytes, now: float) -> None:
        try:
            saved = self._sealing.open(blob, now)
            tree = None if saved is None else unpack(saved)
        except ValueError as error:
            self._damaged[Damaged.CHECKPOINT] += 1
            log.error(BAD_CHECKPOINT, self.plan.store, error)
            return
        if tree is None:
            return
        try:
            tree = of_present(tree, self._layout)
        except OtherLayout as other:
            log.warning("%s: %s: tracks start anew, statistics go on", self.plan.store, other)
            return
        self._engine.restore(tree["engine"])
        self._release.restore(tree["waiting"])
        self._night = int(tree["night"])
        self._were_linked(tree.get("linked", ()))
        self._refused = Counter(tree["refused"])
        self.beside.restore(tree)

    def _were_linked(self, devices: Iterable[int]) -> None:
        """Of whom something may be kept that their shopper took back while no engine ran."""
        self._deciding.withdrawn |= {int(device) for device in devices} - self._deciding.links.keys()

    def _remember(self, step: Step) -> None:
        """Ended zone visits of consenting shoppers, for the next checkpoint; others are in statistics only."""
        ended = {stay.device: stay.visit_id for stay in step.ended}
        for event in step.visits:
            link = self._deciding.links.get(event.device)
            visit_id = ended.get(event.device) or self._engine.visit_id(event.device)
            if event.kind == VisitChange.LEAVE and link is not None and visit_id is not None:
                self._visits.extend(filter(None, [visit_row(link, event, visit_id)]))
