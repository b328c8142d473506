"""`ray start` without the process of a dashboard: `python -m engine.runtime.cluster.nodes.ray_head start --head ...`.

Told to include no dashboard, Ray starts its process all the same, with one module in it (which would say how Ray is
used, and is told not to), and starts the rest of the head only when that answers: 0.7 s of a core, on a machine for
whose cores many wait a quarter of the time until the head works. Nothing here asks that process for anything.
"""

from __future__ import annotations

import sys
from typing import Any

from ray._private.node import Node
from ray.scripts.scripts import main

STEP = "start_api_server"  # a Ray that has no such step starts as it would by itself


def start_none(node: Any, **_: object) -> None:
    """In place of that step: there is no address of a dashboard, as where its process has no page to serve."""
    node._webui_url = ""


if __name__ == "__main__":
    if hasattr(Node, STEP):
        setattr(Node, STEP, start_none)
    sys.exit(main())  # type: ignore[no-untyped-call]
