"""`rayon cluster up`: checks what the node needs, then looks after it until stopped."""

from __future__ import annotations

import os
from pathlib import Path

from api.cli.cluster.opening import database_url, read_cluster
from api.cli.engine import stop_on_signals
from api.cli.startup import config_path, open_site, read_plans, start_logging
from engine.config import Config
from engine.errors import OperatorError, Problem
from engine.privacy.secrets import SECRETS_FILE, Secrets, load_secrets
from engine.runtime.cluster.nodes.names import NodeSite, check_node_name
from engine.runtime.cluster.nodes.ray_start import own_address
from engine.runtime.cluster.nodes.supervising import NodeSupervisor
from engine.storage.database import Database, open_database
from engine.storage.shards.nodes import Head, HeadLost, read_head


def run_node(path: Path | None, join: str | None, name: str, host: str, *, verbose: bool) -> None:
    """Is the head, or a node of one, until stopped. Raises OperatorError."""
    console = start_logging(verbose=verbose)
    config, cluster = read_cluster(path)
    site = NodeSite(check_node_name(name), config_path(path), Path.cwd())
    db, secrets = _open_head(config, path) if join is None else _open_node(config, name)
    try:
        node = NodeSupervisor(site, config, cluster, db, secrets, host or own_address())
        stop_on_signals(node.stopping)
        if join is None:
            says = f"{name} is the head of a cluster. Ctrl-C stops it; its shards come back with the next one."
            console.print(says, soft_wrap=True)
            node.run_head()
        else:
            console.print(f"{name} joins a cluster. Ctrl-C stops it; its shards go on elsewhere.", soft_wrap=True)
            node.run_node(None if join == "auto" else join)
    except HeadLost as lost:
        raise OperatorError([Problem("rayon cluster up", name, str(lost), "")]) from lost
    finally:
        db.close()


def _open_head(config: Config, path: Path | None) -> tuple[Database, Secrets]:
    """Everything of the site is read and checked, and its campaigns are seeded."""
    site = open_site(config, file=config_path(path), broker=True)
    return site.db, site.secrets


def _open_node(config: Config, name: str) -> tuple[Database, Secrets]:
    read_plans(config)
    db = open_database(database_url(config))
    try:
        _require_key(read_head(db), config.storage.data_dir / SECRETS_FILE, name)
        return db, load_secrets(config.storage.data_dir, os.environ)
    except OperatorError:
        db.close()
        raise


def _require_key(head: Head | None, kept: Path, name: str) -> None:
    """A node that has no key makes none beside its head's."""
    if head is not None and not os.environ.get("RAYON_SITE_KEY") and not kept.exists():
        fix = f"give it the value that it has on {head.node}"
        raise OperatorError([Problem("RAYON_SITE_KEY", name, f"is not set, and there is no {kept}", fix)])
