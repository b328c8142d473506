"""Every process of a node's Ray is found and ended, also by a supervisor that did not start it; no other ever is."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from engine.runtime.cluster.nodes.sessions import NodeSession, session_members

CHILD = "[sys.executable, '-c', 'import time; time.sleep(600)']"
FAMILY = f"import subprocess, sys, time; subprocess.Popen({CHILD}); print('up'); time.sleep(600)"


def started(tmp_path: Path, program: str) -> NodeSession:
    """A session whose program has said that it is up."""
    session, output = NodeSession(tmp_path / "north.session"), tmp_path / "north.log"
    session.start([sys.executable, "-u", "-c", program], os.environ, output)
    while not output.read_text():
        assert session.running()
    return session


def test_a_session_ends_with_all_that_it_started(tmp_path: Path) -> None:
    session = started(tmp_path, FAMILY)
    assert session.running()
    members = session.members()
    session.end()
    assert not session.running()
    assert session.members() == []
    assert not any(Path(f"/proc/{pid}/exe").exists() for pid in members)


def test_the_next_supervisor_ends_what_the_last_one_left(tmp_path: Path) -> None:
    left = started(tmp_path, FAMILY)
    (pid,) = [pid for pid in left.members() if os.getsid(pid) == pid]
    os.kill(pid, 9)  # its leader is gone, what that started is not
    while left.running():
        continue
    assert len(left.members()) == 1
    NodeSession(tmp_path / "north.session").end()
    assert list(session_members(pid)) == []


def test_a_number_that_is_another_process_s_by_now_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    (tmp_path / "north.session").write_text(f"{other.pid} 1\n")
    NodeSession(tmp_path / "north.session").end()
    assert other.poll() is None
    other.communicate(b"\n", 60)
    assert other.returncode == 0


def test_a_disk_without_room_leaves_nothing_running(tmp_path: Path) -> None:
    session = NodeSession(tmp_path / "north.session")
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, most[1]))  # no file may grow
    try:
        with pytest.raises(OSError, match="too large"):
            session.start([sys.executable, "-c", "import time; time.sleep(60)"], os.environ, tmp_path / "north.log")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert not session.running()
    assert session.members() == []
