"""The Ray of a former head goes on until its shards were taken over; a supervisor finds what the last one left."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.runtime.cluster.nodes.rays import Lives, NodeRays

SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def rays(tmp_path: Path) -> Iterator[NodeRays]:
    """Of a node that runs shards 1 and 2, and has joined the head of epoch 1."""
    made = NodeRays(tmp_path, "north")
    begin(made, tmp_path, 1, {1: 4, 2: 9})
    yield made
    made.end()


def begin(rays: NodeRays, folder: Path, epoch: int, lives: Lives) -> None:
    rays.start(epoch, lives, SLEEPS, os.environ, folder / "north.log")


def test_shards_go_on_under_the_head_before_until_the_last_is_taken_over(rays: NodeRays, tmp_path: Path) -> None:
    (first,) = rays.members()
    assert rays.retire({1: 4, 2: 9}) == [], "there is no former one"
    begin(rays, tmp_path, 2, {1: 4, 2: 9})
    assert rays.has_former
    assert rays.retire({1: 5, 2: 9}) == [], "shard 2 is still the one before"
    assert first in rays.members()
    assert len(rays.members()) == 2
    assert rays.retire({1: 5}) == [1], "and shard 2 has gone to another node"
    assert rays.running()
    assert not rays.has_former
    assert first not in rays.members()
    assert len(rays.members()) == 1


def test_a_second_ray_of_one_head_ends_the_first(rays: NodeRays, tmp_path: Path) -> None:
    (first,) = rays.members()
    begin(rays, tmp_path, 1, {1: 4, 2: 9})
    assert rays.members() != [first]
    assert len(rays.members()) == 1
    assert not rays.has_former


def test_heads_that_come_and_go_leave_each_ray_until_its_own_shards_are_over(rays: NodeRays, tmp_path: Path) -> None:
    begin(rays, tmp_path, 2, {1: 4, 2: 9})
    begin(rays, tmp_path, 3, {1: 5, 2: 9})
    assert len(rays.members()) == 3
    assert rays.retire({1: 6, 2: 9}) == [2], "of which shard 2 never was"
    assert rays.retire({1: 6, 2: 10}) == [1]
    assert len(rays.members()) == 1


def test_what_a_killed_supervisor_left_goes_on_or_ends_as_its_own_would(rays: NodeRays, tmp_path: Path) -> None:
    (first,) = rays.members()
    next_one = NodeRays(tmp_path, "north")
    assert next_one.members() == [first]
    assert not next_one.running(), "its head is not known yet"
    begin(next_one, tmp_path, 2, {1: 4, 2: 9})
    assert first in next_one.members()
    assert next_one.retire({}) == [1]
    assert first not in next_one.members()
    next_one.end()
    assert next_one.members() == []
    assert list((tmp_path / "north.sessions").iterdir()) == []
