"""The Rays of one node: the present one, and those of heads that were, whose shards go on until they are taken over.

A shard needs no head to go on: its actor's process lives as long as its own Ray does, and reads its duty from the
database. So where another head was started, a node starts a second Ray that joins it, beside the first. The keeper then
begins every shard anew, as its Ray knows of none, and each claims its own once it has started so far that only its
stores are to be taken over: until that moment the one before has worked, and from then on what it writes is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.runtime.cluster.nodes.names import sessions_folder
from engine.runtime.cluster.nodes.sessions import NodeSession

Lives = Mapping[int, int]
"""The generation of each shard that a node runs, by number."""


class NodeRays:
    """Sessions of one node, one for each epoch of a head that it has joined. They are noted in files, so that what a
    killed supervisor left behind is found by the next one."""

    def __init__(self, ray_dir: Path, node: str) -> None:
        self._folder = sessions_folder(ray_dir, node)
        self._epoch = 0
        self._sessions: dict[int, NodeSession] = {epoch: self._session(epoch) for epoch in self._read_notes()}
        self._lives: dict[int, Lives] = {}

    def start(self, epoch: int, lives: Lives, command: Sequence[str], environ: Mapping[str, str], output: Path) -> None:
        """Starts the Ray that joins the head of this epoch. One that joined it before is ended; one of another epoch
        goes on, with these lives, until `retire` finds them over."""
        known = {life for theirs in self._lives.values() for life in theirs.items()}
        for before in self._sessions.keys() - self._lives.keys() - {epoch}:
            self._lives[before] = dict(lives.items() - known)
        self._epoch = epoch
        session = self._sessions.setdefault(epoch, self._session(epoch))
        session.start(command, environ, output)

    def running(self) -> bool:
        """Whether the present one lives."""
        return self._epoch in self._sessions and self._sessions[self._epoch].running()

    def retire(self, lives: Lives) -> list[int]:
        """Ends those of former heads none of whose shards lives on here. Returns their epochs."""
        over = [epoch for epoch, theirs in self._lives.items() if not theirs.items() & lives.items()]
        for epoch in over:
            self._sessions.pop(epoch).end()
            del self._lives[epoch]
        return over

    @property
    def has_former(self) -> bool:
        """Whether one of a former head is still there."""
        return bool(self._lives)

    def members(self) -> list[int]:
        """All processes, by their ids."""
        return [pid for session in self._sessions.values() for pid in session.members()]

    def end(self) -> None:
        """Ends them all."""
        for session in self._sessions.values():
            session.end()
        self._sessions, self._lives = {}, {}

    def _session(self, epoch: int) -> NodeSession:
        return NodeSession(self._folder / str(epoch))

    def _read_notes(self) -> Iterator[int]:
        return (int(path.name) for path in self._folder.glob("[0-9]*") if path.name.isdecimal())
