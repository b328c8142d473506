"""Processes of shards: forked when asked for, heard while they live, begun again when they die without a word."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.runtime.cluster.actors import look_after
from engine.runtime.cluster.forking.line import SILENT_S, ShardEnd, ShardLine
from engine.runtime.cluster.forking.server import ForkServer
from tests.clocks import HeldClock
from tests.sites import until

SERVER = """
import os, signal, sys, threading, time
from pathlib import Path
from engine.runtime.cluster.forking.line import ShardEnd
from engine.runtime.cluster.forking.server import ForkServer

folder = Path(sys.argv[1])

def be(number, voice):
    (folder / f"{number}.{os.getpid()}").touch()
    threading.Thread(target=voice.beat, daemon=True).start()
    if number == 3 or number == 5 and len(list(folder.glob("5.*"))) < 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 4:
        raise RuntimeError("a fault of shard 4")
    if number == 6:
        while not (folder / "wakes").exists():
            time.sleep(0.01)
    voice.end(ShardEnd.STOPPED if number == 1 else ShardEnd.LOST)
    return 0

ForkServer(folder / "forks.sock").serve(be, lambda: True)
"""
"""A fork server whose shards live for a moment: each ends in a way of its own."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path)])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def forks(server: subprocess.Popen[bytes], tmp_path: Path) -> Path:
    return tmp_path / "forks.sock"


def test_how_a_process_ended_is_known_and_its_output_is_its_actors(
    forks: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = ShardLine(forks)
    assert [line.live(number) for number in (1, 2, 3)] == [ShardEnd.STOPPED, ShardEnd.LOST, ShardEnd.DIED]
    assert line.live(4) is ShardEnd.DIED
    assert "a fault of shard 4" in capfd.readouterr().err


def test_who_asks_for_no_shard_is_refused_and_others_go_on(forks: Path) -> None:
    line = ShardLine(forks)
    assert line.live(1) is ShardEnd.STOPPED
    for said in (b"shard one", b"1"):  # and no files to write to
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(str(forks))
            stranger.send(said)
            assert stranger.recv(1) == b""
    assert line.live(2) is ShardEnd.LOST
    assert len(list(forks.parent.glob("1.*"))) == 1


def test_for_an_actor_that_was_given_up_before_its_turn_no_process_is_forked(
    server: subprocess.Popen[bytes], forks: Path
) -> None:
    line = ShardLine(forks)
    assert line.live(1) is ShardEnd.STOPPED
    server.send_signal(signal.SIGSTOP)  # it has much else to do
    with socket.socket(socket.AF_UNIX) as given_up:
        given_up.connect(str(forks))
        socket.send_fds(given_up, [b"7"], [1, 2])
    server.send_signal(signal.SIGCONT)
    assert line.live(2) is ShardEnd.LOST  # whoever came later has had its turn
    assert not list(forks.parent.glob("7.*"))


def test_nobody_listens_until_the_engine_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "forks.sock"
    path.touch()  # of a server that was killed
    server = ForkServer(path)
    with socket.socket(socket.AF_UNIX) as early, pytest.raises((FileNotFoundError, ConnectionRefusedError)):
        early.connect(str(path))

    def is_found() -> bool:
        with socket.socket(socket.AF_UNIX) as later:
            later.connect(str(path))
        return False

    server.serve(lambda number, voice: 0, is_found)


def test_a_process_that_dies_is_begun_again_until_another_is_the_shard(forks: Path) -> None:
    assert look_after(ShardLine(forks), 5, rest_s=0.0) is ShardEnd.LOST
    assert len(list(forks.parent.glob("5.*"))) == 3


def test_a_process_that_says_nothing_is_not_heard_and_one_to_be_begun_is(forks: Path) -> None:
    clock = HeldClock(100.0)
    line = ShardLine(forks, clock.time)
    assert line.is_heard()
    living = threading.Thread(target=line.live, args=(6,))
    living.start()
    until(lambda: list(forks.parent.glob("6.*")), 30)
    (process,) = [int(path.suffix[1:]) for path in forks.parent.glob("6.*")]
    os.kill(process, signal.SIGSTOP)

    def is_silent() -> bool:
        clock.now += SILENT_S  # what it said before it was stopped may be heard still
        return not line.is_heard()

    until(is_silent, 30)
    os.kill(process, signal.SIGCONT)
    (forks.parent / "wakes").touch()
    living.join()
    assert line.is_heard()
