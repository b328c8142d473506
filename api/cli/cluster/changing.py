"""Draining and evening out, with a line for every store that moved."""

from __future__ import annotations

import sys
import time

from api.cli.cluster.shown import in_words
from engine.config import ClusterConfig
from engine.errors import OperatorError, Problem
from engine.progress import show_progress
from engine.runtime.cluster.keeping.moving import move_all, plan_drain, plan_rebalance, stores_on
from engine.runtime.cluster.placing.layout import GiveStore, MoveStore
from engine.runtime.cluster.placing.place import Placing
from engine.storage.database import Database
from engine.storage.shards.nodes import set_draining

LOOK_S = 0.5
PATIENCE_S = 180.0  # without one store fewer on the node


def say_steps(placing: Placing) -> None:
    """What a plan would do, a line each."""
    for step in placing.steps:
        print(in_words(step))
    _say_refused(placing)
    moves = sum(isinstance(step, MoveStore | GiveStore) for step in placing.steps)
    print(f"{moves} {'store moves' if moves == 1 else 'stores move'}" if placing.steps else "nothing has to change")


def rebalance_all(db: Database, cluster: ClusterConfig) -> None:
    """Moves stores until the shards are balanced, and says each step."""
    placing = plan_rebalance(db, cluster)
    _say_refused(placing)
    moves = sum(isinstance(step, MoveStore | GiveStore) for step in placing.steps)
    began, moved = time.monotonic(), 0
    with show_progress("moving stores", max(moves, 1)) as progress:
        for step in move_all(db, placing):
            moved += 1
            progress.advance(note=in_words(step))
            print(f"{in_words(step)} ({time.monotonic() - began:.1f} s)", flush=True)
            began = time.monotonic()
    print(f"{moved} {'store has' if moved == 1 else 'stores have'} moved")
    if moved < moves:
        print(f"{moves - moved} of the plan had been moved or taken elsewhere by then", file=sys.stderr)


def drain_node(db: Database, cluster: ClusterConfig, node: str) -> None:
    """Asks for it, and waits until the keeper has moved the node's last store. Raises OperatorError where that does not
    go on; what was asked for stays asked for."""
    placing = plan_drain(db, cluster, node)
    _say_refused(placing)
    set_draining(db, node, draining=True)
    total = left = stores_on(db, node)
    waited = time.monotonic()
    with show_progress(f"leaving {node}", max(total, 1)) as progress:
        while left:
            time.sleep(LOOK_S)
            now = stores_on(db, node)
            if now != left:
                progress.reach(total - now, f"{now} stores left")
                print(f"{now} {'store is' if now == 1 else 'stores are'} left on {node}", flush=True)
                left, waited = now, time.monotonic()
            if left and time.monotonic() - waited > PATIENCE_S:
                reason = f"{left} stores stay on it: none has moved for {PATIENCE_S:.0f} s"
                fix = "`rayon cluster status` says how the other nodes are; `--undo` takes it back"
                raise OperatorError([Problem("NODE", node, reason, fix)])
    print(f"no store is left on {node}: it may be stopped")


def _say_refused(placing: Placing) -> None:
    for one in placing.refused:
        print(one, file=sys.stderr)
