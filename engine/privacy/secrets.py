"""The site's secrets: kept outside the database, so that a copy of the database alone re-identifies nobody.

The site's key comes from RAYON_SITE_KEY; where the environment does not give it, it is made once and kept in
`data_dir/secrets.json`, readable by its owner only. RAYON_MANAGER_KEY and RAYON_TILL_KEY may give a key for all stores;
others are made with `rayon keys` and kept as hashes in the database.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets as randomness
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import OperatorError, Problem

_VARIABLES = {"site_key": "RAYON_SITE_KEY", "manager_key": "RAYON_MANAGER_KEY", "till_key": "RAYON_TILL_KEY"}
_MIN_CHARS = {"site_key": 32, "manager_key": 12, "till_key": 12}  # shorter keys can be guessed
SECRETS_FILE = "secrets.json"
_RESTORE = "restore it from a backup: codes and pseudonyms depend on it"


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """`site_key` keys all pseudonyms, codes and cookies; the other two, which may be empty, open all stores."""

    site_key: bytes
    manager_key: str = ""
    till_key: str = ""

    def derive_key(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose only, HMAC-SHA256(site_key, purpose): one leak spares the others."""
        return hmac.new(self.site_key, f"rayon:{purpose}".encode(), hashlib.sha256).digest()

    def __repr__(self) -> str:
        return "Secrets(...)"  # never in a log or a traceback


def load_secrets(data_dir: Path, environ: Mapping[str, str]) -> Secrets:
    """The secrets of this site, made on first start. Raises OperatorError for an unreadable file or a key too short.

    Two processes starting at once agree: the file is created exclusively, and the loser reads the winner's.
    """
    given = {name: environ[variable] for name, variable in _VARIABLES.items() if environ.get(variable)}
    kept: dict[str, str] = {}
    path = data_dir / SECRETS_FILE
    if "site_key" not in given or path.exists():
        kept = _read(path) if path.exists() else _make(path)
    values = {**kept, **given}
    problems = [
        Problem(
            _VARIABLES[name] if name in given else str(path),
            name,
            "missing or too short",
            f"at least {least} characters",
        )
        for name, least in _MIN_CHARS.items()
        if len(values.get(name, "")) < least and (name in values or name == "site_key")
    ]
    if problems:
        raise OperatorError(problems)
    return Secrets(values["site_key"].encode(), values.get("manager_key", ""), values.get("till_key", ""))


def make_once(path: Path, text: str) -> None:
    """Writes a file that stands from then on, complete and 0600: under a temporary name, then linked, so nobody reads
    half of it, and where another process was first, its file stays. Raises OperatorError where the folder cannot be
    written to, as on a disk that is full."""
    try:
        _write_once(path, text)
    except OSError as error:
        fix = f"make room in {path.parent}, and let this user write there"
        raise OperatorError([Problem(str(path), "(whole file)", f"cannot be made: {error.strerror}", fix)]) from error


def _read(path: Path) -> dict[str, str]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OperatorError(
            [Problem(str(path), "(whole file)", f"cannot be read: {error}", "restore it from a backup")]
        ) from error
    if not isinstance(raw, dict) or not all(isinstance(v, str) for v in raw.values()):
        raise OperatorError([Problem(str(path), "(whole file)", "not an object of texts", _RESTORE)])
    return raw


def _make(path: Path) -> dict[str, str]:
    """New keys, or those of another process that was first."""
    make_once(path, json.dumps({"site_key": randomness.token_hex(32)}, indent=2) + "\n")
    return _read(path)


def _write_once(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.stem}-{os.getpid()}-{randomness.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first
            os.link(draft, path)
    finally:
        draft.unlink()
