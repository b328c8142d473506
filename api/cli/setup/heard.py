"""What a source says in so many seconds: its access points with how many phones each hears and how strongly, and what
the engine would make of it. Phones are counted under names that are thrown away."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from api.cli.setup.asking import say
from api.cli.sources.listening import ask, decode, receive, subscribe
from api.cli.sources.site import DeclaredSite
from api.texts.catalogue import words
from engine.ingest.decoders.heard import Decoded, printable
from engine.ingest.mqtt.receiver import RawFrame
from engine.ingest.pollers.polling import PollState
from engine.ingest.sources.declared import Source
from engine.ingest.sources.naming import Naming, StoresTold
from engine.plan.model import Plan, ap_key
from engine.privacy.pseudonyms import Pseudonyms

LEAST_POINTS = 3  # that hear the same phone, for a position


@dataclass(slots=True)
class HeardPoint:
    """One access point, as the source spells it: the phones that it heard, and their levels, dBm."""

    name: str
    phones: set[int] = field(default_factory=set)
    levels_dbm: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Arrivals:
    """All of it. `points` by `ap_key`; `refused` by reason; `problem` where a source that is asked gives nothing."""

    messages: int = 0
    readings: int = 0
    positions: int = 0
    sessions: int = 0
    phones: set[int] = field(default_factory=set)
    points: dict[str, HeardPoint] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    problem: str = ""

    def note_points(self, said: Decoded, names: Pseudonyms) -> None:
        """Which access points a message names, whatever the plan has."""
        devices = names.many([reading.mac for reading in said.readings]).tolist()
        for reading, device in zip(said.readings, devices, strict=True):
            point = self.points.setdefault(ap_key(reading.ap), HeardPoint(printable(reading.ap)))
            point.phones.add(device)
            if math.isfinite(reading.rssi_dbm):
                point.levels_dbm.append(reading.rssi_dbm)

    def note_told(self, told: StoresTold) -> None:
        """What the engine would take of a message."""
        self.sessions += len(told.sessions)
        for frame in told.frames:
            self.readings += len(frame.readings)
            self.positions += len(frame.positions)
            self.phones |= {*frame.readings.device.tolist(), *frame.positions.device.tolist()}
            self.refused.update({str(reason): n for reason, n in frame.refused.items()})


def hear(site: DeclaredSite, source: Source, environ: Mapping[str, str], seconds: float) -> Arrivals:
    """Listens for so long, or until Ctrl-C. Raises OperatorError where the broker is not reached."""
    heard = Arrivals()
    naming, names = _naming(site)
    say(f"Listening to {source.name} for {seconds:g} s (Ctrl-C: go on now) ...")
    try:
        for raw in _messages(site, source, environ, seconds):
            if isinstance(raw, PollState):
                heard.problem = raw.problem
                continue
            heard.messages += 1
            said = decode(source, raw)
            if isinstance(said, str):
                heard.refused[said] += 1
                continue
            heard.note_points(said[1], names)
            heard.note_told(naming.name(source, *said))
    except KeyboardInterrupt:
        say()
    return heard


def _messages(
    site: DeclaredSite, source: Source, environ: Mapping[str, str], seconds: float
) -> Iterator[RawFrame | PollState]:
    if source.config.url is not None:
        yield from ask(source, seconds)
        return
    with subscribe(site.config.mqtt, source, environ) as subscriber:
        yield from receive(subscriber, seconds)


def _naming(site: DeclaredSite) -> tuple[Naming, Pseudonyms]:
    names = site.pseudonyms()
    return Naming(site.plans, names), next(iter(names.values()))


def tell_points(heard: Arrivals, plan: Plan) -> None:
    """The access points that were named, those with most phones first."""
    for key, point in sorted(heard.points.items(), key=lambda item: (-len(item[1].phones), item[0])):
        at = plan.ap_index.get(key)
        known = "not in the plan" if at is None else f"in the plan: {_label(plan, at)}"
        levels = f", {max(point.levels_dbm):.0f} dBm at best" if point.levels_dbm else ""
        say(f"  {point.name}: {len(point.phones)} phones{levels}; {known}")


def tell_result(heard: Arrivals, plan: Plan) -> None:
    """What arrived, what was refused and why, and what it is enough for."""
    say(f"{heard.messages} messages: {heard.readings} readings and {heard.positions} places of "
        f"{len(heard.phones)} phones, {heard.sessions} sessions.")  # fmt: skip
    sentences = words("en").refusals
    for reason, n in heard.refused.most_common():
        said = f"{sentences[reason]} ({reason})" if reason in sentences else reason
        say(f"  {n} refused: {said}")
    if heard.problem:
        say(f"  It gives nothing: {heard.problem}")
    known = {at for key in heard.points if (at := plan.ap_index.get(key)) is not None}
    if heard.readings and len(known) < LEAST_POINTS:
        say(f"  {len(known)} access points of the plan were heard; a position needs {LEAST_POINTS}.")


def _label(plan: Plan, at: int) -> str:
    point = plan.access_points[at]
    return point.name or point.id
