"""backup-while-running: a copy of a running site's file was torn, or without what the log beside it held.

Input: a site that is written to by other processes while it is backed up, on either kind of database.
Right: a copy of one moment, with keys and floor plans, that comes back on either kind; nothing is written over, a
damaged backup is refused with every place, and a copied file is said to be one.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from api.cli.data.backup import make_backup
from api.cli.data.restore import bring_back
from engine.config import Config
from engine.errors import OperatorError
from engine.presence.heat import HeatRow
from engine.runtime.leases.engine_name import EngineName
from engine.storage.database import Database, open_database
from engine.storage.figures.heatsums import heat_rows
from engine.storage.journal import Journal, load_recovery, save_checkpoint
from engine.storage.leases import read_leases, take_lease
from engine.storage.models.vouchers import CampaignTable
from engine.storage.people.shoppers import get_shopper
from tests.databases import Postgres, new_sqlite
from tests.engine.runtime.made import FLOORPLANS
from tests.engine.storage.scenes import NOW, STORE, voucher

SECRETS = json.dumps({"site_key": "k" * 64})
HEAT = HeatRow(3600.0, "ground", 3, 4, 1.0, 1.0)


def site(folder: Path, url: str) -> Config:
    """A site's configuration, with plans and keys."""
    data, plans = folder / "data", folder / "plans"
    shutil.copytree(FLOORPLANS / "boutique", plans / "boutique")
    data.mkdir()
    for name in ("secrets.json", "keys.json", "salt.json", "engine-1.name", "older.tar.gz"):
        (data / name).write_text(name)
    (data / "secrets.json").write_text(SECRETS)
    return config_of(data, plans, url)


def config_of(data: Path, plans: Path, url: str) -> Config:
    return Config.model_validate({"storage": {"url": url, "data_dir": data}, "stores": {"floorplans_dir": plans}})


@contextmanager
def writing(db: Database) -> Iterator[None]:
    """Another thread that saves journal and heat, one of each in every checkpoint, for as long as it lasts."""
    stop, begun = threading.Event(), threading.Event()

    def write() -> None:
        while not stop.is_set():
            row = Journal(db, STORE).append(NOW, b"x" * 5_000)
            save_checkpoint(db, STORE, row, b"%d" % row, [HEAT], [], [], NOW)
            begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert begun.wait(60)
        yield
    finally:
        stop.set()
        thread.join()


def content(url: str) -> tuple[int, float, int]:
    """The checkpoint's row, the heat that was counted up to it, and how many campaigns there are."""
    db = open_database(url)
    try:
        found = load_recovery(db, STORE)
        heat = sum(h.person_s for h in heat_rows(db, STORE, from_t=0.0, to_t=4e9))
        with db.read() as session:
            campaigns = len(session.exec(select(CampaignTable)).all())
        assert found.checkpoint == b"%d" % found.upto_id
        return found.upto_id, heat, campaigns
    finally:
        db.close()


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
def test_a_copy_is_of_one_moment_and_comes_back_on_either_kind(
    database_url: str, to: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    config, file = site(tmp_path, database_url), tmp_path / "backup.tar.gz"
    db = open_database(database_url)
    who, _, _ = voucher(db)
    take_lease(db, STORE, "somebody", 10.0)
    with writing(db):
        manifest = make_backup(config, file, environ={})
    db.close()
    assert file.stat().st_mode & 0o077 == 0
    assert {name.split("/")[0] for name in manifest.files} == {"database.db", "keys", "floorplans"}
    assert sorted(n for n in manifest.files if n.startswith("keys/")) == ["keys/keys.json", "keys/secrets.json"]

    server: Postgres | None = request.getfixturevalue("postgres") if to == "postgresql" else None
    url = server.fresh(migrated=False) if server else f"sqlite:///{tmp_path / 'new' / 'rayon.db'}"
    restored = config_of(tmp_path / "new", tmp_path / "new-plans", url)
    bring_back(restored, file, environ={})
    upto, heat, campaigns = content(url)
    assert (heat, campaigns) == (upto, 1), "as many checkpoints as rows: all of one moment"
    assert (tmp_path / "new" / "secrets.json").read_text() == SECRETS
    assert not (tmp_path / "new" / "salt.json").exists()
    assert (tmp_path / "new-plans/boutique/plan.geojson").read_bytes() == (
        FLOORPLANS / "boutique/plan.geojson"
    ).read_bytes()
    again = open_database(url)
    try:
        assert get_shopper(again, who.shopper_id).shopper_id == who.shopper_id
        assert Journal(again, STORE).append(NOW, b"next") > upto
        assert read_leases(again)[STORE].owner == ""
    finally:
        again.close()


def test_nothing_is_written_over_unless_it_is_asked_for(database_url: str, tmp_path: Path) -> None:
    config, file = site(tmp_path, database_url), tmp_path / "backup.tar.gz"
    db = open_database(database_url)
    voucher(db)
    Journal(db, STORE).append(NOW, b"x")
    save_checkpoint(db, STORE, 1, b"1", [HEAT], [], [], NOW)
    db.close()
    make_backup(config, file, environ={})
    with pytest.raises(OperatorError, match="exists"):
        make_backup(config, file, environ={})
    (config.storage.data_dir / "secrets.json").write_text("newer")
    with pytest.raises(OperatorError) as refused:
        bring_back(config, file, environ={})
    assert len(refused.value.problems) == 4  # database, two keys, a store
    assert (config.storage.data_dir / "secrets.json").read_text() == "newer"
    bring_back(config, file, force=True, environ={})
    assert content(database_url) == (1, 1.0, 1)
    assert (config.storage.data_dir / "secrets.json").read_text() == SECRETS
    [aside] = config.storage.data_dir.glob("before-restore-*")
    assert (aside / "secrets.json").read_text() == "newer"
    assert {path.name for path in aside.iterdir()} & {"rayon.db", "database.db"}


def test_the_configuration_is_in_it_and_comes_back_beside_the_one_in_use(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'rayon.db'}"
    config, file, written = site(tmp_path, url), tmp_path / "backup.tar.gz", tmp_path / "config.yaml"
    new_sqlite(tmp_path / "data" / "rayon.db")
    written.write_text("api: { port: 1 }\n")
    make_backup(config, file, environ={}, config_file=written)
    bring_back(config, file, force=True, environ={}, config_file=written)
    assert not (tmp_path / "config.restored.yaml").exists(), "it is the same"
    written.write_text("api: { port: 2 }\n")
    bring_back(config, file, force=True, environ={}, config_file=written)
    assert written.read_text() == "api: { port: 2 }\n"
    assert (tmp_path / "config.restored.yaml").read_text() == "api: { port: 1 }\n"


def test_it_waits_for_the_engine_to_be_stopped(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'rayon.db'}"
    config, file = site(tmp_path, url), tmp_path / "backup.tar.gz"
    new_sqlite(tmp_path / "data" / "rayon.db")
    make_backup(config, file, environ={})
    name = EngineName(config.storage.data_dir)
    with pytest.raises(OperatorError, match="an engine is running on it"):
        bring_back(config, file, force=True, environ={})
    name.close()
    bring_back(config, file, force=True, environ={})


def repacked(file: Path, change: Any) -> Path:
    """The backup with its members changed: {name: bytes} -> None, in place."""
    with tarfile.open(file) as tar:
        members = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}  # type: ignore[union-attr]
    change(members)
    out = file.with_name("changed.tar.gz")
    with tarfile.open(out, "w:gz") as tar:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out


def test_a_backup_that_is_not_whole_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'rayon.db'}"
    config, file = site(tmp_path, url), tmp_path / "backup.tar.gz"
    new_sqlite(tmp_path / "data" / "rayon.db")
    make_backup(config, file, environ={})
    empty = config_of(tmp_path / "new", tmp_path / "new-plans", f"sqlite:///{tmp_path / 'new' / 'rayon.db'}")

    def flip(members: dict[str, bytes]) -> None:
        members["keys/secrets.json"] = b"other keys!!"
        del members["floorplans/boutique/plan.geojson"]

    def climb(members: dict[str, bytes]) -> None:
        members["../escaped"] = b""

    def from_tomorrow(members: dict[str, bytes]) -> None:
        members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | {"format": 99}).encode()

    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    text = tmp_path / "text.tar.gz"
    text.write_bytes(gzip.compress(b"hello"))
    refusals = {
        repacked(file, flip): ("its checksum differs", "is missing"),
        cut: ("is no whole backup",),
        text: ("is no whole backup",),
        tmp_path / "nothing.tar.gz": ("No such file",),
    }
    for bad, words in refusals.items():
        refuses(empty, bad, words)
    refuses(empty, repacked(file, climb), ("is no whole backup",))
    refuses(empty, repacked(file, from_tomorrow), ("in a form that this program does not know",))
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "escaped").exists()


def refuses(config: Config, file: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(OperatorError) as refused:
        bring_back(config, file, environ={})
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"\xff", b"{}", b'{"site_key": "short"}'])
def test_a_site_key_that_cannot_be_read_is_refused_before_anything_is_written(tmp_path: Path, content: bytes) -> None:
    url = f"sqlite:///{tmp_path / 'rayon.db'}"
    config = site(tmp_path, url)
    new_sqlite(tmp_path / "rayon.db")
    (tmp_path / "data" / "secrets.json").write_bytes(content)
    (tmp_path / "out").mkdir()
    with pytest.raises(OperatorError, match=r"secrets\.json"):
        make_backup(config, tmp_path / "out" / "a.tar.gz", environ={})
    assert list((tmp_path / "out").iterdir()) == []
