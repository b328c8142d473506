"""A process whose database a newer one had migrated went on as if nothing were, and wrote by the rules of before. And
an older node of a cluster that is upgraded node by node could not start a shard anew: "made by a newer Rayon".

Input: a database that another program brings to a version that this one does not know, stating that programs of our
version may go on, or not. Right: they go on, also anew, or nothing more is written and it is said why; reading goes on.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from sqlalchemy import text

from api.cli.data.checks import check_database
from api.cli.data.places import SitePlaces
from engine.config import Config
from engine.errors import OperatorError
from engine.storage import database, migrate
from engine.storage.database import Database, SchemaTooNew, open_database
from engine.storage.migrate import FOLDER, NewerSchema, newest, reach_of
from engine.storage.status import ENGINE, get_status, put_status

FIRST_TO_STATE = "0120"


def bring(db: Database, version: str, least: str) -> None:
    """What a newer program does when it starts."""
    with db._session(writes=True) as session:
        for statement in (
            f"UPDATE alembic_version SET version_num = '{version}'",
            "DELETE FROM schema_reach",
            f"INSERT INTO schema_reach VALUES ('{version}', '{least}')",
        ):
            session.connection().execute(text(statement))


@pytest.mark.parametrize(("least", "is_it", "says"), [("0120", "warning", "and goes on"), ("9999", "wrong", "made by")])
def test_the_doctor_says_which_of_both(
    db: Database, database_url: str, tmp_path: Path, least: str, is_it: str, says: str
) -> None:
    """It called either wrong, and advised an older backup beside a site that goes on."""
    bring(db, "9998", least)
    places = SitePlaces(database_url, tmp_path, tmp_path)
    (found,) = check_database(places, {}, None, Config())
    bring(db, str(newest()), str(newest()))
    assert found.health == is_it
    assert says in found.says


def test_it_goes_on_or_stops_writing_as_the_newer_states(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(database, "VERSION_S", 0.0)
    db = open_database(database_url)
    put_status(db, "shop", ENGINE, {}, 1.0)
    assert db.newer() is None
    bring(db, "9998", str(newest()))
    put_status(db, "shop", ENGINE, {}, 2.0)
    assert db.newer() == NewerSchema("9998", goes_on=True)
    open_database(database_url).close()  # a shard that is started anew
    bring(db, "9999", "9999")
    for _ in range(2):
        with pytest.raises(SchemaTooNew, match=f"its version is 9999, this program knows up to {newest()}"):
            put_status(db, "shop", ENGINE, {}, 3.0)
    assert [row.at for row in get_status(db)] == [2.0], "reading goes on, and nothing was written"
    ours = [record for record in caplog.records if record.name == database.log.name]
    assert [record.message.partition("; ")[2] for record in ours] == [
        "this program goes on, as that states",
        "this program writes nothing any more: upgrade it",
    ]
    with pytest.raises(OperatorError, match="made by a newer Rayon"):
        open_database(database_url)
    bring(db, str(newest()), str(newest()))
    put_status(db, "shop", ENGINE, {}, 4.0)
    db.close()


def test_what_a_program_has_to_know() -> None:
    assert reach_of([("4", True), ("3", True), ("2", False), ("1", False)]) == "2"
    assert reach_of([("2", False), ("1", True)]) == "2"
    assert reach_of([("2", True), ("1", True)]) == "1"


def test_every_migration_states_whether_older_programs_go_on() -> None:
    for path in sorted((FOLDER / "versions").glob("[0-9]*.py")):
        if path.name[:4] >= FIRST_TO_STATE:
            module = importlib.import_module(f"{migrate.__package__}.migrations.versions.{Path(path).stem}")
            assert isinstance(getattr(module, "OLDER_GO_ON", None), bool), f"{path.name}: say OLDER_GO_ON"
