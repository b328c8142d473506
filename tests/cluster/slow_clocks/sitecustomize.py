"""Read by Python as it starts where this folder is on its path: shards of a rig whose clocks go slower, and processes
of a node that take themselves for another version (`RAYON_TEST_VERSION`).

A recording is over once nothing comes of it for half a minute, and coupons are too late after some: a cluster that is
killed again and again on a busy machine takes longer. `RAYON_TEST_SLOW` says which time it is for them (s UTC) at which
time, and how many times slower it goes on.
"""

from __future__ import annotations

import inspect
import os
import sys
import time

if "RAYON_TEST_VERSION" in os.environ:
    import engine

    engine.__version__ = os.environ["RAYON_TEST_VERSION"]


def slow() -> None:
    """In the process of a shard that was just forked."""
    from engine.runtime.cluster.settings import ShardSettings

    origin, begun, slower = map(float, os.environ["RAYON_TEST_SLOW"].split())

    def wall() -> float:
        """The time of day, s UTC."""
        return origin + (time.time() - begun) / slower

    def monotonic() -> float:
        """Any time, s."""
        return time.monotonic() / slower

    given = [one for one in inspect.signature(ShardSettings).parameters.values() if one.default is not one.empty]
    clocks = {"wall": wall, "monotonic": monotonic}
    ShardSettings.__init__.__defaults__ = tuple(clocks.get(one.name, one.default) for one in given)


if "RAYON_TEST_SLOW" in os.environ and "engine.runtime.cluster.forking" in sys.orig_argv:
    os.register_at_fork(after_in_child=slow)
