"""What all nodes of a cluster have to share: the site's key, and the folder with the salts and keys of the day."""

from __future__ import annotations

import hashlib
import secrets as randomness
from pathlib import Path

from engine.errors import OperatorError, Problem
from engine.privacy.secrets import Secrets, make_once
from engine.storage.shards.nodes import Head

MARK_FILE = "cluster.mark"


def site_check(secrets: Secrets, data_dir: Path) -> str:
    """Two digests: of the site's key, which tells nothing of it, and of a mark that is made in `data_dir` once.
    Raises OperatorError where that cannot be written."""
    path = data_dir / MARK_FILE
    if not path.exists():
        make_once(path, randomness.token_hex(8))
    return f"{secrets.derive_key('cluster').hex()[:16]}.{_mark_of(path)}"


def holds_mark(data_dir: Path, check: str) -> bool:
    """Whether the folder is still the one of this check: False where it is away, or another one lies in its place, as
    where a share is no longer mounted."""
    try:
        return _mark_of(data_dir / MARK_FILE) == check.partition(".")[2]
    except OSError:
        return False


def require_same(head: Head, node: str, check: str) -> None:
    """Raises OperatorError where this node has another key or another folder than the head."""
    key, _, mark = check.partition(".")
    head_key, _, head_mark = head.key_check.partition(".")
    problems = []
    if key != head_key:
        fix = f"give it the value that it has on {head.node}: codes and pseudonyms depend on it"
        problems.append(Problem("RAYON_SITE_KEY", node, "is not the head's", fix))
    if mark != head_mark:
        fix = f"share one folder with {head.node}: phones would get other names, and checkpoints could not be opened"
        problems.append(Problem("storage.data_dir", node, "is not the head's", fix))
    if problems:
        raise OperatorError(problems)


def _mark_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
