"""What every command of a cluster begins with: the configuration asks for one, and the database carries one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.cli.startup import config_path, read_config
from engine.config import ClusterConfig, Config
from engine.errors import OperatorError, Problem
from engine.storage.database import Database, open_database


def read_cluster(path: Path | None) -> tuple[Config, ClusterConfig]:
    """The configuration, of a site that is a cluster. Raises OperatorError with all that it lacks."""
    config, file = read_config(path), str(config_path(path) or "config.yaml")
    problems = []
    if config.cluster is None:
        fix = "add the line `cluster: {}`, the same on every node"
        problems.append(Problem(file, "cluster", "is not set: this site is one process", fix))
    if database_url(config).startswith("sqlite"):
        fix = "give RAYON_DATABASE_URL, or storage.url, the URL of a PostgreSQL: postgresql://user@host/rayon"
        problems.append(Problem(file, "storage.url", "is SQLite; a cluster needs PostgreSQL", fix))
    if config.cluster is None or problems:
        raise OperatorError(problems)
    return config, config.cluster


def database_url(config: Config) -> str:
    """Where the database is."""
    return os.environ.get("RAYON_DATABASE_URL", config.storage.url)


@contextmanager
def cluster_database(path: Path | None) -> Iterator[tuple[ClusterConfig, Database]]:
    """The cluster's database for the time being."""
    config, cluster = read_cluster(path)
    db = open_database(database_url(config))
    try:
        yield cluster, db
    finally:
        db.close()
