"""Many machines instead of one process."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from engine.config.section import ConfigSection

MOST_OF_A_PATH = 40  # characters: Ray's sockets lie below it, and the system takes 107 of those


class ClusterConfig(ConfigSection):
    """Stores spread over machines by Ray. Needs the extra `cluster`, and PostgreSQL."""

    stores_per_shard: int = Field(50, ge=1, le=50)
    split_above: float = Field(0.7, gt=0, le=1)  # of one CPU: a shard is one process
    head_port: int = Field(6380, ge=1, le=65_535)
    ray_dir: Path = Path("/tmp/rayon-ray")
    node_gone_s: float = Field(10.0, ge=2, le=600)  # unheard of for so long, a node's shards start elsewhere
    clock_off_s: float = Field(2.0, gt=0, le=60)  # a node whose clock is farther from the database's is left
    disk_free_mib: float = Field(1_024.0, ge=0)  # a node with less is left
    object_store_mib: int = Field(80, ge=76)

    @field_validator("ray_dir")
    @classmethod
    def _is_short(cls, path: Path) -> Path:
        if not path.is_absolute() or len(str(path)) > MOST_OF_A_PATH:
            raise ValueError(f"must be absolute, and at most {MOST_OF_A_PATH} characters: sockets lie below it")
        return path
