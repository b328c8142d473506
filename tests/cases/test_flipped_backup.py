"""A flipped byte in a backup ended `rayon restore` in a traceback, one time in fifteen: compressed data, or the list of
what is in it, was read as if it were whole.

Input: an archive with single bits flipped, in its compressed bytes and in its list; a list that names files elsewhere.
Right: refused in a sentence that names the file, or all that is listed comes back as it was.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from api.cli.data.archive import MANIFEST, read_archive, write_archive
from engine.errors import OperatorError

HEAD = {"rayon": "1", "database_version": "0001", "made_at": "2026-11-29", "stores": ["shop"]}


def backup(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "database.jsonl"
    file.write_text(text)
    write_archive(tmp_path / "backup.tar.gz", {"database.jsonl": file}, HEAD)
    return tmp_path / "backup.tar.gz"


def test_no_flipped_bit_ends_in_a_traceback(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    text = "".join(rng.choice(list('abc{}:",123'), 4_000))
    whole = backup(tmp_path, text).read_bytes()
    bad, said = tmp_path / "bad.tar.gz", []
    for k, at in enumerate(rng.integers(len(whole), size=200).tolist()):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << k % 8
        bad.write_bytes(bytes(flipped))
        folder = tmp_path / str(k)
        folder.mkdir()
        try:
            read_archive(bad, folder)
        except OperatorError as error:
            said.append(str(error))
        else:
            assert (folder / "database.jsonl").read_text() == text
    assert len(said) > 150
    assert all(str(bad) in one and ("is no whole backup" in one or "was damaged" in one) for one in said)


@pytest.mark.parametrize(
    "wrong",
    [
        {"files": {"database.jsonl": {"bytes": 3}}},
        {"files": {"database.jsonl": 3}},
        {"files": ["database.jsonl"]},
        {"format": "1"},
        {"files": {"keys/../../escaped": {"bytes": 0, "sha256": "0"}}},
        {"files": {"/etc/passwd": {"bytes": 0, "sha256": "0"}}},
        {"more": 1},
    ],
)
def test_a_list_that_is_none_is_said(tmp_path: Path, wrong: dict[str, object]) -> None:
    said = tmp_path / MANIFEST
    said.write_text(json.dumps({"format": 1, "files": {}} | HEAD | wrong))
    with tarfile.open(tmp_path / "made.tar.gz", "w:gz") as tar:
        tar.add(said, arcname=MANIFEST)
    (tmp_path / "out").mkdir()
    with pytest.raises(OperatorError, match="is no whole backup"):
        read_archive(tmp_path / "made.tar.gz", tmp_path / "out")
