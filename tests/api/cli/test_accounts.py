"""`rayon accounts`: the first administrator by a link that works once, and the way back in."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from api.accounts.invitations import link_digest
from api.cli.commands import build
from engine.errors import OperatorError
from engine.storage.accounts.invitations import look_at_link, use_link
from engine.storage.database import Database, open_database
from engine.vocabulary import InvitationFate
from tests.databases import new_sqlite
from tests.engine.runtime.made import FLOORPLANS

URL = "https://rayon.example"


@pytest.fixture
def rayon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`rayon accounts ...` of a site, or `rayon keys ...`: what it prints."""
    shutil.copytree(FLOORPLANS / "boutique", tmp_path / "plans" / "boutique")
    new_sqlite(tmp_path / "rayon.db")
    raw = {
        "stores": {"floorplans_dir": str(tmp_path / "plans")},
        "storage": {"url": f"sqlite:///{tmp_path / 'rayon.db'}", "data_dir": str(tmp_path)},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(raw))
    monkeypatch.setenv("RAYON_SITE_KEY", "0123456789abcdef0123456789abcdef")

    def run(*words: str) -> str:
        room = () if words[0] == "keys" else ("accounts",)
        told = [*room, *words, "--config", str(tmp_path / "config.yaml")]
        done = CliRunner().invoke(build(), told, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout.strip()

    return run


def fate(db: Database, link: str) -> InvitationFate:
    assert link.startswith(f"{URL}/invitation/")
    return look_at_link(db, link_digest(link.rpartition("/")[2]), time.time())[0]


def test_the_first_administrator(rayon: Callable[..., str], tmp_path: Path) -> None:
    first = rayon("add", "ana", "--url", f"{URL}/")
    db = open_database(f"sqlite:///{tmp_path / 'rayon.db'}")
    try:
        assert fate(db, first) is InvitationFate.OPEN
        second = rayon("link", "ANA", "--url", URL)
        assert (fate(db, first), fate(db, second)) == (InvitationFate.UNKNOWN, InvitationFate.OPEN)
        use_link(db, link_digest(second.rpartition("/")[2]), "hash", time.time())
        rayon("add", "bob", "--role", "viewer", "--store", "boutique", "--email", "bob@example.org")
        rayon("disable", "bob")
        listed = json.loads(rayon("list", "--json"))["accounts"]
        assert listed == [
            {"name": "ana", "state": "open", "roles": "admin@*"},
            {"name": "bob", "state": "closed", "roles": "viewer@boutique"},
        ]
        rayon("enable", "bob")
        assert "invited" in rayon("list")
        rayon("erase", "bob")
        assert "bob" not in rayon("list")
        rayon("add", "bob")  # anybody may have the name again
    finally:
        db.close()


def test_keys_say_which_account_has_them(rayon: Callable[..., str]) -> None:
    rayon("add", "ana", "--url", URL)
    rayon("keys", "add", "manager", "--held-by", "ana")
    rayon("keys", "add", "till")
    listed = json.loads(rayon("keys", "list", "--json"))["keys"]
    assert [(key["scope"], key["held_by"]) for key in listed] == [("manager", "ana"), ("till", "")]


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("add", "bob", "--store", "elsewhere"), "--store"),
        (("add", "bob", "--email", "nowhere"), "--email"),
        (("add", "ANA"), "NAME"),
        (("link", "nobody"), "NAME"),
        (("disable", "nobody"), "NAME"),
        (("disable", "ana"), "NAME"),  # the last administrator
        (("erase", "nobody"), "NAME"),
    ],
)
def test_mistakes_are_named(rayon: Callable[..., str], words: tuple[str, ...], place: str) -> None:
    rayon("add", "ana", "--url", URL)
    with pytest.raises(OperatorError) as refused:
        rayon(*words)
    assert [problem.place for problem in refused.value.problems] == [place]
