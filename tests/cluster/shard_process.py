"""A shard's worker in a process of its own, so that it can be killed.

`python -m tests.cluster.shard_process DATABASE FOLDER PORT ORIGIN SLOWER SHARD STORE…`: says each report as a line of
JSON,
and stops when its standard input closes or says `stop`; `release STORE` and `take STORE` do that, and say `done`. After
`limit 1` no file of it can grow or change, as on a disk that is full, until `limit`.
"""

from __future__ import annotations

import gc
import io
import json
import logging
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path

from engine.runtime.cluster.settings import ShardSettings
from engine.runtime.cluster.worker import ShardWorker
from engine.storage.database import open_database
from tests.cluster.recording import SECRETS, config_of, plan_of

SAYS_S, SAYS_OF_MANY_S, MANY = 0.2, 2.0, 100


def say(line: str) -> None:
    """To whoever started us."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def fill(limit: str = "") -> None:
    """No file may be written to beyond so many bytes."""
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit) if limit else most, most))


def slow(origin: float, slower: float) -> tuple[Callable[[], float], Callable[[], float]]:
    """Clocks that go so many times slower from `origin` on: a recording is over once nothing comes of it for half a
    minute, and a process may take longer to start on a busy machine."""
    return (lambda: origin + (time.time() - origin) / slower), (lambda: time.monotonic() / slower)


def forked(arguments: Sequence[str], log: str, hears: Connection, says: Connection) -> None:
    """The same in a process that has imported all of it, on these ends of pipes."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for number, end in enumerate((hears.fileno(), says.fileno(), file)):
        os.dup2(end, number)
    sys.stdin = io.TextIOWrapper(io.FileIO(0), "utf-8")
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), "utf-8")
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), "utf-8", "backslashreplace", write_through=True)
    gc.freeze()
    main(*arguments)


def main(url: str, folder: str, port: str, origin: str, slower: str, shard: str, *stores: str) -> None:
    """Runs until told to stop."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    db = open_database(url)
    wall, monotonic = slow(float(origin), float(slower))
    settings = ShardSettings(config_of(Path(folder), int(port)), db, SECRETS, plan_of, wall=wall, monotonic=monotonic)
    worker = ShardWorker(settings, int(shard), stores, f"shard-{shard}")
    worker.start()
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(SAYS_S if len(stores) < MANY else SAYS_OF_MANY_S):
            say(json.dumps(asdict(worker.report())))

    telling = threading.Thread(target=tell)
    telling.start()

    def take(store: str) -> None:
        worker.listen(store)
        worker.want(store)

    for line in sys.stdin:
        what, *which = line.split()
        if what == "stop":
            break
        does: dict[str, Callable[..., None]] = {"take": take, "release": worker.release, "limit": fill}
        does[what](*which)
        say(json.dumps({"done": line.strip()}))
    worker.stop()
    ended.set()
    telling.join()
    say(json.dumps(asdict(worker.report())))
    db.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
