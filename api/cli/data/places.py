"""Where a site keeps what a backup holds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from engine.config import Config
from engine.storage.upkeep.copies import sqlite_file

NOT_KEPT = ("salt*", "day*", "erased.txt", "engine-*.name", ".*", "*.tar.gz", "*.tgz", "*.part")
"""Files of data_dir that no backup holds: what has to be gone when its day is, who was erased,
who an engine is, other backups."""


@dataclass(frozen=True)
class SitePlaces:
    """The database's URL, and the folders of keys and floor plans."""

    url: str
    data_dir: Path
    plans_dir: Path

    @staticmethod
    def of(config: Config, environ: Mapping[str, str] = os.environ) -> SitePlaces:
        """As the site itself finds them."""
        url = environ.get("RAYON_DATABASE_URL", config.storage.url)
        return SitePlaces(url, config.storage.data_dir, config.stores.floorplans_dir)

    def key_files(self) -> Iterator[Path]:
        """The files of data_dir that belong in a backup."""
        database = sqlite_file(self.url)
        beside = f"{database.name}*" if database is not None else ""
        left_out = (*NOT_KEPT, beside) if beside else NOT_KEPT
        if self.data_dir.is_dir():
            for path in sorted(self.data_dir.iterdir()):
                if path.is_file() and not any(fnmatch(path.name, pattern) for pattern in left_out):
                    yield path

    def plan_files(self) -> Iterator[Path]:
        """All files of all stores' folders."""
        for folder in self.stores():
            yield from sorted(path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")

    def stores(self) -> list[Path]:
        """The folders that hold a floor plan."""
        return sorted(path.parent for path in self.plans_dir.glob("*/plan.geojson"))
