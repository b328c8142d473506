"""One shard at work: a session at the broker, its stores' engines, leases and checkpoints, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from engine.errors import StorageUnavailable
from engine.runtime.cluster.report import ShardReport, ShardState
from engine.runtime.cluster.reporting import Reporter, fault_in_words
from engine.runtime.cluster.settings import ShardSettings
from engine.runtime.cluster.work import TURN_S, Fenced, ShardWork
from engine.runtime.map_fits import FitGivenUp

__all__ = ["ShardReport", "ShardSettings", "ShardState", "ShardWorker"]

log = logging.getLogger(__name__)
LISTENS_WITHIN_S = 30.0
LETS_GO_WITHIN_S = 30.0
STOPS_WITHIN_S = 120.0
T = TypeVar("T")


class _Asked(NamedTuple):
    """Something to be done between two turns."""

    do: Callable[[], None]
    done: Future[Any]


@dataclass(slots=True)
class _Leaving:
    """A store to be let go, asked for before the turn that is counted `since`."""

    store: str
    since: int
    done: Future[None]


class ShardWorker:
    """One shard at work: its MQTT session `rayon-shard-K`, its stores' engines, leases and checkpoints. Knows no Ray.

    A thread of its own does the work. Every method may be called from any other thread, and returns once what it says
    is done. `owner` names the shard in leases, the same in all its lives: who starts under it takes over at once,
    without waiting for a term, and fences the life before, should that still run somewhere: it ends as FENCED by itself
    and takes nothing back. Stores of another owner are waited for.
    """

    def __init__(self, settings: ShardSettings, shard: int, stores: Sequence[str], owner: str) -> None:
        """Raises OperatorError where the configuration is none for a cluster."""
        self._given = tuple(dict.fromkeys(stores))
        self._work = ShardWork(settings, shard, owner)
        self._reporter = Reporter(self._work, shard, owner)
        self._asked = deque[_Asked]()
        self._asking = threading.Lock()
        self._leaving: list[_Leaving] = []
        self._turns = 0
        self._awaited: frozenset[str] = frozenset()
        self._listens: Future[None] = Future()
        self._stop = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=self._work.name, daemon=True)

    def start(self, awaited: Collection[str] = ()) -> None:
        """Takes the leases that are free, restores checkpoints, connects. Returns when it listens for its stores, or
        the broker has not answered for LISTENS_WITHIN_S: it is waited for while the shard is deaf. Stores that another
        owner still has are waited for too (`ShardReport.waits`); the `awaited` are only listened for, until `want`.

        Raises OperatorError for what no waiting mends: no floor plan, certificate files that are not usable.
        """
        self._awaited = frozenset(awaited)
        self._thread.start()
        self._listens.result()
        self._work.links.session.wait_listening(self._work.links.topics(), LISTENS_WITHIN_S)

    def listen(self, store: str) -> None:
        """One store more to listen for, and to hold what comes for it until it is wanted and its lease is ours. Nothing
        where the store is ours already.

        Raises TimeoutError where the broker is away, and OperatorError or KeyError where there is no floor plan: the
        store is not taken then.
        """
        if self._call(lambda: store in self._work.stores):
            return
        topics = self._call(lambda: self._work.listen_for(store))
        if not self._work.links.session.wait_listening(topics, LISTENS_WITHIN_S):
            self._call(lambda: self._work.release(store))
            raise TimeoutError(f"the broker has not confirmed the topics of {store}")

    def want(self, store: str) -> None:
        """Takes the lease of a store that is listened for, restores its checkpoint, goes on. The lease may still have
        to be waited for."""
        self._call(lambda: self._work.leases.want(store))

    def release(self, store: str) -> None:
        """One store less: checkpoint, acknowledge what that holds, give up the lease, unsubscribe. Whoever takes the
        store must have subscribed before: what came until then is worked on here first. Nothing where the store is not
        ours.

        Raises TimeoutError where the shard is too far behind its broker to let go: the store is still ours then.
        """
        leaving = _Leaving(store, self._turns + 1, Future())
        self._call(lambda: self._leaving.append(leaving))
        try:
            leaving.done.result(LETS_GO_WITHIN_S)
        except TimeoutError:
            if leaving.done.cancel():
                raise TimeoutError(f"too far behind to let {store} go") from None

    def report(self) -> ShardReport:
        """How it is, at once: it waits for no step."""
        return self._reporter.report()

    def stop(self) -> None:
        """Checkpoints all, acknowledges, gives the leases back, disconnects. The session stays at the broker. Safe to
        call twice."""
        self._stop.set()
        self._work.stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOPS_WITHIN_S)

    @property
    def failure(self) -> BaseException | None:
        """What the worker died of, if it did: a fault of ours. Its messages stay at the broker."""
        return self._reporter.failure

    def _call(self, action: Callable[[], T]) -> T:
        """What the action returns, done in the worker's thread between two turns."""
        done: Future[T] = Future()

        def do() -> None:
            try:
                done.set_result(action())
            except Exception as error:
                done.set_exception(error)  # raised again, where it was asked for
                if isinstance(error, Fenced):
                    raise

        with self._asking:
            if self._ended:
                raise CancelledError("the shard has ended")
            self._asked.append(_Asked(do, done))
        return done.result()

    def _run(self) -> None:
        """The thread. What it dies of is kept, and said."""
        try:
            self._begin()
            while not self._stop.is_set():
                self._turn()
            self._work.end()
            self._reporter.end(ShardState.STOPPED)
        except Fenced as fenced:
            log.warning("%s: %s: nothing more is written or acknowledged here", self._work.name, fenced)
            self._work.leave()
            self._reporter.end(ShardState.FENCED, str(fenced))
        except (StorageUnavailable, FitGivenUp) as error:
            log.warning("%s: stopped in the middle of a step (%r); the broker has what came", self._work.name, error)
            self._work.leave()
            self._reporter.end(ShardState.STOPPED)
        except BaseException as error:
            log.exception("%s: ended by a fault", self._work.name)
            self._reporter.failure = error
            self._work.leave()
            self._reporter.end(ShardState.STOPPED, fault_in_words(error))
        finally:
            self._end()

    def _begin(self) -> None:
        try:
            self._work.add(self._given)
            for store in self._given:
                if store not in self._awaited:
                    self._work.leases.want(store)
            self._work.begin()
            self._reporter.begin()
            self._listens.set_result(None)
        except BaseException as error:
            self._listens.set_exception(error)
            raise

    def _turn(self) -> None:
        began_at = time.monotonic()
        while self._asked:
            self._asked.popleft().do()
        self._turns += 1
        self._work.turn()
        self._let_go()
        self._reporter.note()
        self._stop.wait(max(began_at + TURN_S - time.monotonic(), 0.0))

    def _let_go(self) -> None:
        """Of the stores to be let go, those for which nothing is behind any more."""
        caught_up = self._work.is_caught_up()
        for leaving in list(self._leaving):
            at_work = self._work.stores.get(leaving.store)
            saves_all = at_work is not None and at_work.runner is not None and caught_up and self._turns > leaving.since
            if leaving.done.cancelled():
                self._leaving.remove(leaving)
            elif saves_all or self._has_nothing(leaving.store):
                self._leaving.remove(leaving)
                if leaving.done.set_running_or_notify_cancel():
                    if at_work is not None:
                        self._work.release(leaving.store)
                    leaving.done.set_result(None)

    def _has_nothing(self, store: str) -> bool:
        """Whether we have nothing of the store that nobody else has: it is not at work here, nor will be as soon as its
        lease is ours, to let it go after a life that died before it could."""
        at_work, leases = self._work.stores.get(store), self._work.leases
        return at_work is None or (at_work.runner is None and (store in leases.waits() or not leases.wants(store)))

    def _end(self) -> None:
        """Nobody is left waiting for what is not done any more."""
        with self._asking:
            self._ended = True
        for done in [*(asked.done for asked in self._asked), *(leaving.done for leaving in self._leaving)]:
            done.cancel()
