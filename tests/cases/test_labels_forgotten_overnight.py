"""A store whose engine was stopped overnight had to be taught anew: the checkpoint's key dies with the day, and what
labels had taught died with it.

Input: thirty phones' labels, a lesson of them, a checkpoint; then an engine whose day keys are others. Right: what they
taught is there, in no order, under numbers of chance; fewer phones than k leave nothing behind.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.config import Config
from engine.positioning.labels.places import KINDS, Taught
from engine.runtime.labels.store_labels import LEARNING_S
from engine.runtime.store_runner import StoreRunner
from engine.storage.database import open_database
from engine.vocabulary import LabelKind
from tests.databases import new_sqlite
from tests.engine.runtime.labels.test_labels import PLAN, T0, readings_at

N_AP = len(PLAN.access_points)


def taught(n: int) -> Taught:
    """Of so many phones, each at a product of its own."""
    product = np.arange(n) % len(PLAN.products)
    at = [PLAN.products[k] for k in product.tolist()]
    x, y, one = np.array([p.x_m for p in at]), np.array([p.y_m for p in at]), np.ones(n)
    level = np.array([PLAN.level_index[p.level] for p in at], np.int32)
    kind = np.full(n, KINDS.index(LabelKind.SHELF_SCAN), np.int32)
    rssi = np.full((n, N_AP), -60.0, np.float32)
    number, none = np.arange(n, dtype=np.int64), np.zeros(n, np.int32)
    return Taught(
        number, none, kind, product.astype(np.int32), level, x, y, one, x, y, 2 * one, one, 5 * one, rssi
    )  # fmt: skip


def runner_of(folder: Path, secret: bytes) -> StoreRunner:
    return StoreRunner(PLAN, Config(), open_database(f"sqlite:///{folder}/rayon.db"), secret)


def learn(folder: Path, n: int) -> StoreRunner:
    """Until a lesson is used and a checkpoint made."""
    new_sqlite(folder / "rayon.db")
    runner = runner_of(folder, b"a" * 32)
    runner.recover(T0)
    own = taught(n)
    kept = {"sources": ["labels/scanner"], "taught": {name: getattr(own, name) for name in Taught.__slots__}}
    runner.labels.take_kept(kept)
    for k in range(0, int(LEARNING_S) + 12, 4):
        runner.advance([readings_at(T0 + k)], T0 + k)
    assert runner.labels.lessons == 1
    runner.checkpoint(T0 + 100.0)
    return runner


def test_what_labels_taught_outlives_the_night(tmp_path: Path) -> None:
    learn(tmp_path, 30)
    again = runner_of(tmp_path, b"b" * 32)
    again.recover(T0 + 86_400.0)
    assert again.figures()["labels"]["kept"] == 30
    assert again.figures()["tracks"] == 0
    found, told = again.labels.pack_taught(1), taught(30)
    assert found is not None
    assert sorted(found["taught"]["product"].tolist()) == sorted(told.product.tolist())
    assert sorted(found["taught"]["number"].tolist()) == list(range(30))
    assert found["taught"]["number"].tolist() != list(range(30))


def test_fewer_than_k_leave_nothing_behind(tmp_path: Path) -> None:
    runner = learn(tmp_path, 30)
    assert runner.labels.pack_taught(31) is None
    assert runner.labels.pack_taught(30) is not None
