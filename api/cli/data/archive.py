"""A backup's file: a tar.gz of the database, the keys and the floor plans, with a manifest of what is in it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from engine.errors import OperatorError, Problem

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database.db"
KEYS, PLANS = "keys", "floorplans"
CONFIG = "config.yaml"


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself; `files` are bytes and SHA-256 by name."""

    format: int
    rayon: str
    database_version: str
    made_at: str
    stores: list[str]
    files: dict[str, dict[str, Any]]


def write_archive(target: Path, files: Mapping[str, Path], head: Mapping[str, Any]) -> Manifest:
    """Writes `files` (by their names in the archive) and their manifest, readable by its owner only.

    Under another name first: a backup that was cut off does not look like one.
    """
    listed = {name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for name, path in sorted(files.items())}
    manifest = Manifest(format=FORMAT, files=listed, **head)
    draft = target.with_name(f".{target.name}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz") as tar:
                _add(tar, MANIFEST, json.dumps(asdict(manifest), indent=2).encode())
                for name, path in sorted(files.items()):
                    tar.add(path, arcname=name, recursive=False, filter=_plain)
            raw.flush()
            os.fsync(raw.fileno())
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return manifest


def read_archive(source: Path, folder: Path) -> Manifest:
    """Unpacks a backup into the empty `folder` and checks every byte of it. Raises OperatorError with all problems."""
    try:
        with tarfile.open(source, "r:gz") as tar:
            tar.extractall(folder, filter="data")
        manifest = _manifest(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, TypeError, RecursionError) as error:
        reason = f"is no whole backup: {getattr(error, 'strerror', None) or error}"
        raise OperatorError([Problem(str(source), "(whole file)", reason, "take another one")]) from error
    if manifest.format > FORMAT:
        reason = f"made by Rayon {manifest.rayon}, in a form that this program does not know"
        raise OperatorError([Problem(str(source), MANIFEST, reason, "restore it with that program")])
    problems = [
        Problem(str(source), name, found, "it was damaged after it was made: take another backup")
        for name, said in manifest.files.items()
        if (found := _differs(folder / name, said))
    ]
    if problems:
        raise OperatorError(problems)
    return manifest


def _manifest(raw: Any) -> Manifest:
    """Raises ValueError and TypeError where it is none, or names files beside the archive's own."""
    manifest = Manifest(**raw)
    whole = isinstance(manifest.format, int) and isinstance(manifest.files, dict)
    if not whole or not all(isinstance(said, dict) and "sha256" in said for said in manifest.files.values()):
        raise ValueError(f"{MANIFEST} is damaged")
    for name in manifest.files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\0" in name:
            raise ValueError(f"{MANIFEST} names {name!r}")
    return manifest


def members(manifest: Manifest, room: str) -> dict[PurePosixPath, str]:
    """The files below one room of the archive: their paths there, and their names in the archive."""
    names = {PurePosixPath(name): name for name in manifest.files}
    return {path.relative_to(room): name for path, name in names.items() if path.parts[0] == room}


def sha256_of(path: Path) -> str:
    """The file's digest, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _differs(path: Path, said: Mapping[str, Any]) -> str:
    if not path.is_file():
        return "is missing"
    return "" if sha256_of(path) == said["sha256"] else "is not what was written: its checksum differs"


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    tar.addfile(info, io.BytesIO(content))


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the names of this machine's accounts."""
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info
