"""What processes of a node are told by their environment, and how node and shards are called in Ray."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import OperatorError, Problem

NAMESPACE = "rayon"
_CONFIG, _NODE, _FOLDER = "RAYON_CLUSTER_CONFIG", "RAYON_CLUSTER_NODE", "RAYON_CLUSTER_FOLDER"
_ACTOR = "rayon-shard-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class NodeSite:
    """Where a node's site is: its name, its configuration (None: the embedded defaults) and the folder it runs in."""

    name: str
    config: Path | None
    folder: Path

    def environ(self) -> dict[str, str]:
        """What tells it to the processes of the node."""
        config = "" if self.config is None else str(self.config.resolve())
        return {_NODE: self.name, _CONFIG: config, _FOLDER: str(self.folder.resolve())}


def read_site(environ: Mapping[str, str] = os.environ) -> NodeSite:
    """The site of the node that this process belongs to."""
    config = environ[_CONFIG]
    return NodeSite(environ[_NODE], Path(config) if config else None, Path(environ[_FOLDER]))


def check_node_name(name: str) -> str:
    """The name. Raises OperatorError for one that Ray or a lease cannot carry."""
    if _NAME.fullmatch(name) is None:
        fix = "letters, digits, '.', '_' and '-', at most 63"
        raise OperatorError([Problem("--name", name, "cannot be a node's name", fix)])
    return name


def node_resource(node: str) -> str:
    """The resource that only this node has: what asks for it runs there and nowhere else."""
    return f"rayon-node-{node}"


def node_of_resources(resources: Mapping[str, float]) -> str | None:
    """The inverse, of all resources of a node of Ray; None where the node is not ours."""
    prefix = node_resource("")
    return next((key.removeprefix(prefix) for key in resources if key.startswith(prefix)), None)


def actor_name(number: int) -> str:
    """The name of a shard's actor."""
    return f"{_ACTOR}{number}"


def shard_of_actor(name: str) -> int | None:
    """The inverse; None for an actor of another kind."""
    number = name.removeprefix(_ACTOR)
    return int(number) if name.startswith(_ACTOR) and number.isdecimal() else None


def sessions_folder(ray_dir: Path, node: str) -> Path:
    """Where a node notes the sessions of its Rays."""
    return ray_dir / f"{node}.sessions"


def forks_socket(ray_dir: Path, node: str, epoch: int) -> Path:
    """Where the fork server listens that stands beside the node's Ray of this epoch."""
    return ray_dir / f"{hashlib.sha256(node.encode()).hexdigest()[:12]}-{epoch}.sock"  # a socket's path is to be short


def stop_note(ray_dir: Path, node: str) -> Path:
    """The file that tells the shards of a node, as soon as it is there, to save everything and stop."""
    return sessions_folder(ray_dir, node) / "stop"
