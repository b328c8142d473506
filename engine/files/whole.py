"""Files that are written whole or not at all: a full disk, a Ctrl-C or two at once leave no half of one, and what was
there before stays until the new one is complete."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import OperatorError, Problem

_NO_FILES = ("/dev/", "/proc/")


@contextmanager
def whole_file(path: Path, option: str = "(whole file)", fix: str = "give a place to write") -> Iterator[Path]:
    """Where to write what comes to `path` when it is complete: a draft in the same folder, of the same suffix. Raises
    OperatorError, with `option` as the place, where it cannot be written."""
    try:
        draft = _draft(path)
        try:
            yield draft
            if draft != path:
                draft.replace(path.resolve())
        finally:
            if draft != path:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise OperatorError([Problem(str(path), option, error.strerror or str(error), fix)]) from error


def _draft(path: Path) -> Path:
    """A new empty file beside that of `path`, as readable as that is. `path` itself where it is no file, as a pipe, and
    where its folder takes no new one."""
    if str(path).startswith(_NO_FILES) or (path.exists() and not path.is_file()):
        return path
    there = path.resolve()
    draft = there.with_name(f".rayon-{secrets.token_hex(4)}{there.suffix}")
    mode = there.stat().st_mode & 0o777 if there.exists() else 0o666
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    except PermissionError:
        if not there.exists():
            raise
        return path
    if there.exists():
        draft.chmod(mode)  # whatever the umask
    return draft
