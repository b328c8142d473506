"""A `rayon` for shells of the tests: what is typed runs in `tests/forked.py`, without a new Python's imports."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from tests.forked import Rayon

SCRIPT = """#!{python} -ISE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect({address!r})
    said = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(asked, [len(said).to_bytes(4, "big")], [1, 2])
    asked.sendall(said)
    sys.exit(int(asked.recv(16)))
"""
WAIT_S = 240.0


class RayonCommand:
    """A folder for PATH with a `rayon` in it that behaves as the installed one; it reads no input."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        address = str(folder / "asked")
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(address)
        script = folder / "rayon"
        script.write_text(SCRIPT.format(python=sys.executable, address=address))
        script.chmod(0o755)
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> RayonCommand:
        self._listening.listen()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                asked, _ = self._listening.accept()
            except OSError:  # shut down
                return
            threading.Thread(target=_answer, args=(asked,)).start()


def _answer(asked: socket.socket) -> None:
    """Runs one command, its output going where the caller's goes, and says its exit status."""
    with asked, ExitStack() as opened:
        length, given, _, _ = socket.recv_fds(asked, 4, 2)
        for number in given:
            opened.callback(os.close, number)
        with asked.makefile("rb") as words:
            arguments, cwd, env = json.loads(words.read(int.from_bytes(length, "big")))
        out, err = (Path(f"/proc/{os.getpid()}/fd/{number}") for number in given)
        status = Rayon(*arguments, out=out, err=err, cwd=Path(cwd), env=env).wait(WAIT_S)
        asked.sendall(str(status).encode())
