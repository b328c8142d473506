"""Which stores this engine runs: takes leases, renews them, and watches those of other engines.

No two clocks are ever compared. Whoever waits for a store takes it once the renewals of its lease have stood still, on
the waiting engine's own monotonic clock, for the term that their owner promised; who could not look for a while (its
own pause, or the database's) begins to watch anew. What an engine that was only slow then still writes is refused by
the epoch (`engine.storage.leases.fence`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.errors import LeaseLost, StorageUnavailable
from engine.storage.database import Database
from engine.storage.leases import Lease, LeaseSeen, read_leases, renew_leases, return_leases, take_lease

log = logging.getLogger(__name__)
RENEWALS_A_TERM = 3
LOOKS_A_TERM = 8


@dataclass(slots=True)
class _Watch:
    """A lease as it has stood since `since` (monotonic s), looked at last at `last`, seen to change at `changed`."""

    seen: LeaseSeen
    since: float
    last: float
    changed: float | None = None


class StoreLeases:
    """The leases of one engine on `stores`. `look` and `renew` belong to one thread, everything else to the engine's.

    `term_s`: how long the others must see nothing of us before they take our stores.
    """

    def __init__(
        self,
        db: Database,
        owner: str,
        stores: Sequence[str],
        term_s: float,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        ours_only: bool = False,
    ) -> None:
        """`ours_only`: who runs any other store is not looked at."""
        self.owner, self.term_s, self._ours_only = owner, term_s, ours_only
        self._db, self._stores, self._monotonic = db, tuple(stores), monotonic
        self._lock = threading.Lock()
        self._held: dict[str, Lease] = {}
        self._watched: dict[str, _Watch] = {}
        self._untaken: frozenset[str] = frozenset()  # of our stores, those that nobody ever had
        self._others: frozenset[str] = frozenset()
        self._lost: list[LeaseLost] = []

    @property
    def held(self) -> dict[str, Lease]:
        """What we have, by store: a copy."""
        with self._lock:
            return dict(self._held)

    @property
    def others(self) -> frozenset[str]:
        """Stores that other engines run, ours to wait for or (but with `ours_only`) not, as of the last look."""
        return self._others

    def waits(self) -> dict[str, str]:
        """A sentence for each store that we wait for."""
        with self._lock:
            seen = {store: w.seen for store, w in self._watched.items() if store not in self._held}
        return {store: _sentence(lease) for store, lease in sorted(seen.items()) if lease.owner}

    def wants(self, store: str) -> bool:
        """Whether it is one of those to run."""
        return store in self._stores

    def renewal_ages_s(self) -> dict[str, float]:
        """Of stores that we wait for: how long ago their owner was seen to renew, where it was while we watched."""
        now = self._monotonic()
        with self._lock:
            watched = [(store, watch.changed) for store, watch in self._watched.items() if store not in self._held]
        return {store: now - changed for store, changed in watched if changed is not None}

    def look(self) -> None:
        """Looks at all leases once. Raises StorageUnavailable."""
        asked = self._stores
        seen, now = read_leases(self._db, asked if self._ours_only else None), self._monotonic()
        with self._lock:
            self._others = frozenset(s for s, lease in seen.items() if lease.owner and lease.owner != self.owner)
            stores = set(self._stores).intersection(asked)  # some may have come, unseen yet, and some have left
            wanted = [s for s in stores if s not in self._held and s in seen]
            self._watched = {s: self._watch(seen[s], now) for s in wanted}
            self._untaken = frozenset(stores - seen.keys())

    def renew(self) -> list[LeaseLost]:
        """Says that we live. Returns what others have meanwhile. Raises StorageUnavailable."""
        held = list(self.held.values())
        lost = renew_leases(self._db, held, self.term_s) if held else []
        with self._lock:
            self._lost += lost
        return lost

    def want(self, store: str) -> None:
        """One store more to watch, and to take once it is free."""
        self._stores = tuple(dict.fromkeys((*self._stores, store)))

    def leave(self, store: str) -> None:
        """One store less, to whoever waits for it. Raises StorageUnavailable: it is then still ours."""
        lease = self.held.get(store)
        if lease is not None:
            return_leases(self._db, [lease])
        self._stores = tuple(one for one in self._stores if one != store)
        with self._lock:
            self._held.pop(store, None)
            self._watched.pop(store, None)
            self._untaken -= {store}

    def take_lost(self) -> list[LeaseLost]:
        """What the last renewals found to be others' now; each once."""
        with self._lock:
            lost, self._lost = self._lost, []
        return [loss for loss in lost if loss.store in self._held]

    def take(self) -> None:
        """Takes what is free as of the last look. Raises StorageUnavailable, and keeps what it took until then."""
        for store in self._free():
            with self._lock:
                watch = self._watched.get(store)
            lease = take_lease(self._db, store, self.owner, self.term_s, watch.seen if watch else None)
            with self._lock:
                self._watched.pop(store, None)
                self._untaken -= {store}
                if lease is not None:
                    self._held[store] = lease
            if lease is not None:
                _say_taken(lease, watch)

    def drop(self, store: str) -> None:
        """It is another engine's now; we begin to wait for it."""
        with self._lock:
            self._held.pop(store, None)

    def give_back(self) -> None:
        """Leaves all our stores to whoever waits for them. Raises StorageUnavailable."""
        with self._lock:
            held, self._held = list(self._held.values()), {}
        if held:
            return_leases(self._db, held)

    def _watch(self, seen: LeaseSeen, now: float) -> _Watch:
        before = self._watched.get(seen.store)
        still = before is not None and (before.seen.epoch, before.seen.renewals) == (seen.epoch, seen.renewals)
        if before is None:
            return _Watch(seen, now, now)
        changed = before.changed if still else now
        stood = still and now - before.last <= seen.term_s / 2
        return _Watch(seen, before.since if stood else now, now, changed)

    def _free(self) -> list[str]:
        with self._lock:
            stood = [s for s, watch in self._watched.items() if s not in self._held and self._is_free(watch)]
            return sorted({*stood, *(self._untaken - self._held.keys())})

    def _is_free(self, watch: _Watch) -> bool:
        # Ours, yet not held: left by the process that had our name before. Its lock on the name is gone, so it is.
        if watch.seen.owner in ("", self.owner):
            return True
        return watch.last - watch.since >= watch.seen.term_s


class LeaseKeeper:
    """The thread that renews and looks, beside an engine that may be busy with a step for longer than a term."""

    def __init__(self, leases: StoreLeases) -> None:
        self._leases = leases
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
        self._failure: BaseException | None = None
        self._renewed_at = -1e9

    def start(self) -> None:
        """Begins to renew the lease, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(10.0)

    def age_s(self) -> float:
        """How long ago the leases were renewed."""
        return time.monotonic() - self._renewed_at

    def check(self) -> None:
        """Raises what the thread died of, if it did."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while not self._stop.wait(self._leases.term_s / LOOKS_A_TERM):
            try:
                if self.age_s() >= self._leases.term_s / RENEWALS_A_TERM:
                    began_at = time.monotonic()
                    self._leases.renew()
                    self._renewed_at = began_at
                self._leases.look()
            except StorageUnavailable:
                continue  # nobody can take anything meanwhile; the engine's own writes say that it is away
            except BaseException as error:  # noqa: BLE001 - raised again by check(), in the engine's thread
                self._failure = error
                return


def _sentence(lease: LeaseSeen) -> str:
    until = datetime.fromtimestamp(lease.expires_at, UTC).strftime("%H:%M:%S")
    return f"store {lease.store} is run by {lease.owner} until {until} UTC, renewed as long as it lives"


def _say_taken(lease: Lease, watch: _Watch | None) -> None:
    if watch is not None and watch.seen.owner not in ("", lease.owner):
        log.warning(
            "%s: taken over from %s, silent for %.0f s", lease.store, watch.seen.owner, watch.last - watch.since
        )
