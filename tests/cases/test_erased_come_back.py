"""A backup that was put back brought back whoever had been erased since it was made.

Input: a shopper who asks for erasure over HTTP, a backup from before. Right: the restored database does not know them,
and others are as they were; the list that says so holds ids that lead nowhere, is in no backup, and forgets in time.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from api.cli.data.backup import make_backup
from api.cli.data.restore import bring_back
from engine.errors import NotFound
from engine.privacy.erasures import Erasures
from engine.storage.database import open_database
from engine.storage.people.merges import merge_in
from engine.storage.people.shoppers import get_shopper
from engine.vocabulary import IdentifierKind
from tests.api.site import Site
from tests.cases.test_backup_while_running import site as files_of
from tests.databases import new_sqlite
from tests.engine.storage.scenes import shopper


def test_a_restored_backup_knows_nobody_who_was_erased_since(tmp_path: Path) -> None:
    url = new_sqlite(tmp_path / "rayon.db")
    config = files_of(tmp_path, url)
    with closing(open_database(url)) as db:
        gone, stays = shopper(db).shopper_id, shopper(db).shopper_id
    make_backup(config, tmp_path / "backup.tar.gz")
    Erasures(config.storage.data_dir).note(gone, 1_800_000_000.0)
    bring_back(config, tmp_path / "backup.tar.gz", force=True)
    with closing(open_database(url)) as db:
        assert get_shopper(db, stays).shopper_id == stays
        with pytest.raises(NotFound):
            get_shopper(db, gone)
    assert Erasures(config.storage.data_dir).all() == [gone], "the next backup to come back may be older still"


def test_erasing_writes_the_list(site: Site) -> None:
    with site.client() as phone:
        who = site.sign_in(phone)
        assert phone.delete("/v1/me").status_code == 200
    assert Erasures(site.config.storage.data_dir).all() == [who]


def test_the_list_has_every_profile_of_the_person(site: Site) -> None:
    """A backup of before two profiles became one knows the one that has joined by itself."""
    with site.client() as phone:
        who = site.sign_in(phone)
        joined = shopper(site.db).shopper_id
        with site.db.write() as session:
            merge_in(session, who, joined, IdentifierKind.EMAIL, 1_800_000_000.0)
        assert phone.delete("/v1/me").status_code == 200
    assert sorted(Erasures(site.config.storage.data_dir).all()) == sorted([who, joined])


def test_the_list_forgets_and_survives_a_torn_line(tmp_path: Path) -> None:
    erased = Erasures(tmp_path)
    for i in range(3):
        erased.note(f"id{i}", 1000.0 + i)
    with (tmp_path / "erased.txt").open("a") as file:
        file.write("10")
    assert erased.forget(1001.0) == 1
    assert erased.all() == ["id1", "id2"]
    assert (tmp_path / "erased.txt").stat().st_mode & 0o077 == 0
