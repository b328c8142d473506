"""Who took consent back in mid-visit was followed on: the track stayed in memory, in the checkpoint and the journal.

Input: a phone that agreed to offers stands at a product, located under its lasting pseudonym; its shopper withdraws (or
has the data restricted, or opts out). Right: with the next step of the engine nothing in memory, checkpoint or journal
knows the pseudonym, no coupon comes, and the phone is one of the crowd (or of nobody at all); the same where the engine
was dead at that moment, whether checkpoint or journal held the track.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.privacy.consent import ConsentChoice
from engine.privacy.pseudonyms import OPTED_OUT, Pseudonyms
from engine.runtime.store_runner import StoreRunner
from engine.runtime.stored.packing import unpack
from engine.storage.database import Database, open_database
from engine.storage.journal import load_recovery
from engine.storage.people.phones import opt_out_phones
from engine.storage.people.rights import restrict
from engine.storage.people.shoppers import set_consents
from engine.storage.vouchers.vouchers import vouchers_of
from tests.databases import new_sqlite
from tests.engine.runtime.made import Stand, boutique, frames, payload
from tests.engine.runtime.shifts import SECRETS, STORE, Shift, sign_everyone_in
from tests.engine.runtime.wire import Wire

PLAN = boutique()
MAC = "02:00:00:00:00:01"
HERS = int(Pseudonyms(SECRETS.site_key).stable(MAC))
ORIGIN = 1_800_000_000.0
LONG_S, EVERY_S = 6.0, 0.5
NO = ConsentChoice("location_offers", "page", granted=False)


def numbers(tree: Any) -> set[int]:
    """Every whole number and pseudonym in a state."""
    if isinstance(tree, dict):
        return set().union(*(numbers(part) for part in tree.values())) if tree else set()
    if isinstance(tree, list | tuple | set | frozenset):
        return set().union(*(numbers(part) for part in tree)) if tree else set()
    if isinstance(tree, np.ndarray):
        return set(tree.ravel().tolist()) if tree.dtype == np.uint64 else set()
    return {tree} if isinstance(tree, int) else set()


def kept(db: Database, runner: StoreRunner) -> set[int]:
    """What checkpoint and journal of the store hold, opened as the engine itself opens them."""
    left = load_recovery(db, STORE)
    blobs = [row.payload for row in left.journal] + ([left.checkpoint] if left.checkpoint else [])
    return numbers([unpack(opened) for blob in blobs if (opened := runner._sealing.open(blob, 0.0)) is not None])


def in_memory(runner: StoreRunner) -> set[int]:
    return numbers([runner._engine.state(), runner._release.state()])


def stand(wire: Wire, engine: Shift, since_s: float, until_s: float, sku: str = PLAN.products[0].sku) -> None:
    """The phone is heard for a while, and the engine works on it."""
    for sent, readings in frames(PLAN, [Stand(MAC, sku, 0.0, 1e3)], until_s, EVERY_S):
        if sent > since_s:
            wire.now = ORIGIN + sent
            wire.publish(f"rayon/{STORE}/readings/c1", payload(sent, readings, ORIGIN))
            engine.live()


def follow(db: Database, folder: Path, checkpoint_s: float = 3.0) -> tuple[Wire, Shift, str]:
    """An engine that follows a shopper who agreed; the shopper's id."""
    wire = Wire()
    wire.now = ORIGIN
    [who] = sign_everyone_in(db, [MAC], PLAN, ORIGIN).values()
    storage = {"data_dir": folder, "lease_s": 2.0, "checkpoint_s": checkpoint_s}
    engine = Shift(db, PLAN, folder, wire, storage=storage)
    stand(wire, engine, 0.0, LONG_S)
    runner = engine.process.runners[STORE]
    assert HERS in in_memory(runner) & kept(db, runner)
    return wire, engine, who


def say_no(db: Database, who: str) -> None:
    set_consents(db, who, [NO], "2026-01", "me", ORIGIN + LONG_S)


def pause(db: Database, who: str) -> None:
    restrict(db, who, ORIGIN + LONG_S)


def opt_out(db: Database, who: str) -> None:
    opt_out_phones(db, STORE, who, ORIGIN + LONG_S)
    say_no(db, who)


@pytest.mark.parametrize("take_back", [say_no, pause, opt_out])
def test_one_step_later_nothing_knows_the_phone(tmp_path: Path, take_back: Any) -> None:
    with closing(open_database(new_sqlite(tmp_path / "rayon.db"))) as db:
        wire, engine, who = follow(db, tmp_path)
        take_back(db, who)
        before = {v.voucher.voucher_id for v in vouchers_of(db, who)}
        stand(wire, engine, LONG_S, LONG_S + EVERY_S)
        runner = engine.process.runners[STORE]
        assert HERS not in in_memory(runner) | kept(db, runner)
        stand(wire, engine, LONG_S + EVERY_S, 2 * LONG_S, PLAN.products[5].sku)
        assert HERS not in in_memory(runner) | kept(db, runner)
        assert {v.voucher.voucher_id for v in vouchers_of(db, who)} == before, "no coupon after the next step"
        name = int(engine.process.pseudonyms[STORE](MAC))
        assert (name == OPTED_OUT) == (take_back is not say_no), "a refusal of offers is none of figures"
        assert (name in in_memory(runner)) == (take_back is say_no)


@pytest.mark.parametrize("checkpoint_s", [1.0, 1e6], ids=["in the checkpoint", "in the journal"])
def test_the_same_where_no_engine_ran_at_that_moment(tmp_path: Path, checkpoint_s: float) -> None:
    with closing(open_database(new_sqlite(tmp_path / "rayon.db"))) as db:
        wire, _, who = follow(db, tmp_path, checkpoint_s)
        say_no(db, who)
        again = Shift(db, PLAN, tmp_path, wire)
        for _ in range(8):  # until the lease of the one that died is over
            wire.now += 1.0
            again.live()
        runner = again.process.runners[STORE]
        assert HERS not in in_memory(runner) | kept(db, runner)
