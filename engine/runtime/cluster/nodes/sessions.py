"""All processes of one node's Ray, known by the session that they were started in: so none of another is ever ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

GRACE_S = 3.0


class NodeSession:
    """One command in a session of its own. The session is noted in `note`, so that what a killed supervisor left behind
    is found and ended by the next one."""

    def __init__(self, note: Path) -> None:
        self._note = note
        self._leader: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str], environ: Mapping[str, str], output: Path) -> None:
        """Ends what was there, and starts the command; its output goes to the file. Raises OSError where output or note
        cannot be written, as on a disk that is full: nothing runs then."""
        self.end()
        self._note.parent.mkdir(parents=True, exist_ok=True)
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("ab") as log:
            self._leader = subprocess.Popen(
                command, env=dict(environ), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._note.write_text(f"{self._leader.pid} {_read_start(self._leader.pid)}\n")
        except OSError:
            self._leader.kill()  # whom nobody would find again
            self._leader.wait()
            raise

    def running(self) -> bool:
        """Whether the command lives."""
        return self._leader is not None and self._leader.poll() is None

    def members(self) -> list[int]:
        """Its processes, by their ids."""
        session = self._read_note()
        return [] if session is None else list(session_members(session))

    def end(self) -> None:
        """Ends every process of the session, politely first."""
        session = self._read_note()
        if session is not None:
            _signal(session, signal.SIGTERM)
            deadline = time.monotonic() + GRACE_S
            while list(session_members(session)) and time.monotonic() < deadline:
                self._reap()
                time.sleep(0.05)
            while list(session_members(session)):
                _signal(session, signal.SIGKILL)
                self._reap()
                time.sleep(0.05)
        if self._leader is not None:
            self._leader.wait()
        self._leader = None
        self._note.unlink(missing_ok=True)

    def _reap(self) -> None:
        if self._leader is not None:
            self._leader.poll()

    def _read_note(self) -> int | None:
        """The session of the note; None where its number is another process's by now."""
        with suppress(FileNotFoundError, ValueError):
            session, started = self._note.read_text().split()
            if _read_start(int(session)) in ("", started):  # without its leader a session keeps its number to itself
                return int(session)
        return None


def _signal(session: int, number: signal.Signals) -> None:
    for pid in session_members(session):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def session_members(session: int) -> Iterator[int]:
    """The processes of a session that live."""
    for path in Path("/proc").glob("[0-9]*"):
        fields = _stat(path)
        if fields and int(fields[3]) == session and fields[0] != "Z":
            yield int(path.name)


def _read_start(pid: int) -> str:
    """When a process started, in ticks since the machine did; empty where there is none."""
    fields = _stat(Path(f"/proc/{pid}"))
    return fields[19] if fields else ""


def _stat(path: Path) -> list[str]:
    """The fields of /proc/PID/stat from the state on: state, parent, group, session, ... (proc(5))."""
    try:
        return (path / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
