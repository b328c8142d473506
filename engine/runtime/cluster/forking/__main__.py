"""A node's Ray and its fork server: `python -m engine.runtime.cluster.forking SOCKET COMMAND...`.

One session has both, and the processes of shards: whoever ends the session ends them all. Lasts as long as the command.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.runtime.cluster.forking.line import VARIABLE
from engine.runtime.cluster.forking.server import ForkServer, load_shards
from engine.runtime.cluster.nodes.logs import start_log


def main(path: Path, command: Sequence[str]) -> int:
    """The exit status of the command, which starts while the engine is imported."""
    start_log("fork server")
    ray = subprocess.Popen(command, env={**os.environ, VARIABLE: str(path)})
    server = ForkServer(path)
    server.serve(load_shards(), lambda: ray.poll() is None)
    return ray.wait()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
