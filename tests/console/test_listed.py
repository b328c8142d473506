"""The list of pages that the walk goes through lacks none that the application has."""

from __future__ import annotations

from pathlib import Path

from api.app import create_app
from engine.config import Config
from engine.storage.database import open_database
from tests.api.site import SECRETS, small_plan
from tests.console.listed import pages, unlisted
from tests.databases import new_sqlite


def test_every_page_of_the_application_is_walked_through(tmp_path: Path) -> None:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    app = create_app(Config(), db, SECRETS, {"corner": small_plan()}, start_delivery=False)
    app.state.hub.close()
    listed = pages("42", "tea-20")
    assert unlisted(app, listed) == [], "add it to tests/console/listed.py"
    assert "/hq/points" in unlisted(app, [page for page in listed if page.path != "/hq/points"])
    assert len({page.name for page in listed}) == len(listed)
    db.close()
