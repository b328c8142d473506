"""The sources of `config.yaml`, checked: each with its decoder, its secret and the stores that it tells of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.config import MapConfig, SourceConfig
from engine.errors import OperatorError, Problem
from engine.ingest.decoders.clouds.mist import SIGNATURES
from engine.ingest.decoders.heard import Decoder, Told
from engine.ingest.decoders.kinds import DECODERS
from engine.ingest.shops.kinds import SHOP_DECODERS
from engine.ingest.sources.options import option_problems
from engine.ingest.sources.shops import shop_problems
from engine.ingest.sources.shown_keys import shows_key
from engine.ingest.sources.topics import pattern_of, topic_problem
from engine.plan.fields import closest
from engine.plan.model import Plan

SIGNED = frozenset(("mist", "meraki-scanning-v2", "meraki-scanning-v3", "aruba-iot"))
"""Kinds whose messages prove themselves: by a signature, or a secret inside. Receivers of others ask for a key."""

SIGNED_BY: Mapping[str, tuple[str, ...]] = {"mist": tuple(name for name, _ in SIGNATURES)}
"""Headers of signatures: a message without any is not read."""

DELAY_S = {
    "meraki-scanning-v2": 65.0,
    "meraki-scanning-v3": 65.0,
    "aruba-central": 65.0,
    "aruba-ale": 35.0,
    "cisco-cmx": 15.0,
    "cisco-spaces": 15.0,
    "ruckus": 65.0,
    "unifi": 30.0,
    "omada": 30.0,
}
"""How old readings of a kind may be when they come, where it is more than a live source's `reorder_s`. Meraki tells of
a minute at a time (the FAQ of its Scanning API), and so does Central: that, and 5 s on the way. The others are what
we allow for, and no vendor's word: a source that is slower says its own `delay_s`."""


@dataclass(frozen=True, slots=True)
class Source:
    """One system, ready to be listened to. `delay_s` is 0 for one that speaks at once."""

    name: str
    kind: str
    decoder: Decoder
    told: Told
    stores: tuple[str, ...]
    config: SourceConfig
    delay_s: float
    pattern: re.Pattern[str] | None = None

    @property
    def maps(self) -> tuple[MapConfig, ...]:
        """Where its maps lie."""
        return self.config.maps

    def may_speak(self, headers: Mapping[str, str]) -> bool:
        """Whether a request with these headers (lower-case names) is worth reading at all: it shows the key, or a
        signature where the kind signs, or the kind has its secret within."""
        if not self.signed:
            return shows_key(headers, self.told.secret)
        wanted = SIGNED_BY.get(self.kind, ())
        return not wanted or any(headers.get(name) for name in wanted)

    @property
    def signed(self) -> bool:
        """Whether its messages prove themselves."""
        return self.kind in SIGNED


class Sources:
    """All sources of a site, by name and by topic."""

    def __init__(self, sources: Sequence[Source] = ()) -> None:
        self._by_name = {source.name: source for source in sources}

    def __iter__(self) -> Iterator[Source]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def find(self, name: str) -> Source | None:
        """The source of this name; None where there is none."""
        return self._by_name.get(name)

    def of_topic(self, topic: str) -> Source | None:
        """The first source whose pattern this topic matches; None for Rayon's own topics and strangers."""
        return next((s for s in self if s.pattern is not None and s.pattern.fullmatch(topic)), None)

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return tuple(s.config.topic for s in self if s.config.topic is not None)

    def delay_s(self, store: str) -> float:
        """How long a store's slowest source is behind, s."""
        return max((s.delay_s for s in self if store in s.stores), default=0.0)


def declare(
    configs: Sequence[SourceConfig],
    plans: Mapping[str, Plan],
    environ: Mapping[str, str],
    file: str = "config.yaml",
    drawn: Collection[str] | None = None,
) -> Sources:
    """The sources that a site's configuration names, of the stores in `plans`; those of other stores are left out, and
    so are shop systems, which `declare_shops` gives, though what is wrong with them is said here.

    Raises OperatorError with every problem: an unknown kind, store, level, a secret that the environment lacks. A store
    is unknown where it is neither in `plans` nor in `drawn`, the stores that have a floor plan though another process
    serves them; where that is not told, any store may be another's.
    """
    problems = [] if drawn is None else list(_unknown_stores(configs, {*plans, *drawn}, file))
    problems += [
        p for i, config in enumerate(configs) for p in _problems(config, f"sources[{i}]", plans, environ, file)
    ]
    names = [config.name for config in configs]
    problems += [
        Problem(file, f"sources[{i}].name", f"{name} is named twice", "give each source a name of its own")
        for i, name in enumerate(names)
        if name in names[:i]
    ]
    if problems:
        raise OperatorError(problems)
    heard = [config for config in configs if config.kind not in SHOP_DECODERS]
    return Sources([_source(config, plans, environ) for config in heard if set(config.stores) & plans.keys()])


def _unknown_stores(configs: Sequence[SourceConfig], known: set[str], file: str) -> Iterator[Problem]:
    for i, config in enumerate(configs):
        for store in config.stores:
            if store not in known:
                yield Problem(file, f"sources[{i}].stores", f"no floor plan: {store}", closest(store, known))


def _source(config: SourceConfig, plans: Mapping[str, Plan], environ: Mapping[str, str]) -> Source:
    secret = environ.get(config.secret_env) if config.secret_env else None
    delay_s = config.delay_s if config.delay_s is not None else DELAY_S.get(config.kind, 0.0)
    return Source(
        name=config.name,
        kind=config.kind,
        decoder=DECODERS[config.kind],
        told=Told(secret, config.options),
        stores=tuple(s for s in config.stores if s in plans),
        config=config,
        delay_s=delay_s,
        pattern=pattern_of(config.topic) if config.topic is not None else None,
    )


def _problems(
    config: SourceConfig, place: str, plans: Mapping[str, Plan], environ: Mapping[str, str], file: str
) -> Iterator[Problem]:
    if config.kind in SHOP_DECODERS:
        yield from shop_problems(config, place, file)
    elif config.kind not in DECODERS:
        known = ", ".join(sorted([*DECODERS, *SHOP_DECODERS]))
        yield Problem(file, f"{place}.kind", f"{config.kind!r} is no kind", f"one of {known}")
    else:
        yield from option_problems(config, place, file)
    if config.topic is not None and (found := topic_problem(config.topic, file, f"{place}.topic")) is not None:
        yield found
    if config.receiver and config.secret_env is None:
        yield Problem(
            file, f"{place}.secret_env", "a receiver without a secret takes anybody's word", "name its variable"
        )
    if config.secret_env is not None and not environ.get(config.secret_env):
        yield Problem(file, f"{place}.secret_env", f"{config.secret_env} is not set", "set it in the environment")
    for i, of_map in enumerate(config.maps):
        yield from _map_problems(config, of_map, f"{place}.maps[{i}]", plans, file)


def _map_problems(
    config: SourceConfig, of_map: MapConfig, place: str, plans: Mapping[str, Plan], file: str
) -> Iterator[Problem]:
    if of_map.store is None and len(config.stores) > 1:
        yield Problem(file, f"{place}.store", "the source has several stores", "say which of them this map is of")
        return
    store = of_map.store or config.stores[0]
    if store not in config.stores:
        yield Problem(file, f"{place}.store", f"{store} is none of the source's stores", "add it to stores")
    elif store in plans and of_map.level not in plans[store].level_index:
        levels = ", ".join(plans[store].level_index)
        yield Problem(file, f"{place}.level", f"{store} has no level {of_map.level!r}", f"one of {levels}")
