"""Keys were printed at every start, stood in addresses, and opened every store; the database was readable by all.

Right: shown once, when made; kept as hashes; per store and scope; rotated with an overlap; files for their owner only.
"""

from __future__ import annotations

import io
import stat
import time
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import make_url

from api.cli.startup import RunningSite, make_first_keys, open_site, print_links
from api.keyring import KeyRing
from engine.config import Config
from engine.errors import NotFound
from engine.privacy.secrets import Secrets
from engine.storage.database import Database, ReadsOnly, open_database
from engine.storage.keys import add_key, end_key, list_keys, rotate_key
from tests.api.site import Site
from tests.databases import Postgres, new_sqlite
from tests.engine.runtime.made import FLOORPLANS

NOBODY = Secrets(b"k" * 32)


def started(folder: Path) -> tuple[RunningSite, str]:
    config = Config.model_validate(
        {
            "stores": {"floorplans_dir": FLOORPLANS, "stores": ["boutique"]},
            "storage": {"url": f"sqlite:///{folder}/rayon.db", "data_dir": folder},
        }
    )
    site = open_site(config, environ={})
    out, log = io.StringIO(), io.StringIO()
    make_first_keys(site, out)
    print_links(Console(file=log, width=200), site, "http://here")
    return site, out.getvalue() + log.getvalue()


def test_keys_are_shown_once_and_no_file_is_for_others(tmp_path: Path) -> None:
    first, told = started(tmp_path)
    keys = [word for word in told.split() if word.startswith("rayon-")]
    assert [key.split("-")[1] for key in keys] == ["manager", "till", "health"]
    first.db.close()
    again, told = started(tmp_path)
    assert "rayon-" not in told
    assert not any("key" in line for line in told.splitlines())
    ring = KeyRing(again.db, again.secrets)
    assert [grant.scope for key in keys if (grant := ring.find(key))] == ["manager", "till", "health"]
    again.db.close()
    for file in (f for f in tmp_path.iterdir() if f.is_file()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        assert not any(key.encode() in file.read_bytes() for key in keys)


def test_of_a_database_that_takes_reads_only_no_key_is_announced(postgres: Postgres) -> None:
    """`rayon api` on a standby: "This site's keys, shown only now" stood there, and then that it cannot write."""
    with postgres.borrowed() as url:
        standby = make_url(url).update_query_dict({"options": "-c default_transaction_read_only=on"})
        db = open_database(standby.render_as_string(hide_password=False))
        out = io.StringIO()
        with pytest.raises(ReadsOnly) as refused:
            make_first_keys(RunningSite(Config(), db, NOBODY, {}), out)
        db.close()
        assert out.getvalue() == ""
        assert "storage.replica_url" in refused.value.fix


def test_a_database_that_others_could_read_is_narrowed(tmp_path: Path) -> None:
    path = tmp_path / "rayon.db"
    new_sqlite(path)
    path.chmod(0o644)
    open_database(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_is_rotated_with_an_overlap(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    key_id, old = add_key(db, "till", now, store="corner", name="till 1")
    _, new = rotate_key(db, key_id, now, 3600.0)
    assert {k.key_id: (k.store, k.name, k.ends_at) for k in list_keys(db)}[key_id] == ("corner", "till 1", now + 3600)
    ring = KeyRing(db, NOBODY)
    assert [grant.store for key in (old, new) if (grant := ring.find(key))] == ["corner", "corner"]
    monkeypatch.setattr("api.keyring.time.time", lambda: now + 3601.0)
    assert (ring.find(old), ring.find(new) is not None) == (None, True)
    end_key(db, key_id, now)
    assert KeyRing(db, NOBODY).find("") is None


def test_a_tills_key_opens_its_store_alone(site: Site) -> None:
    _, key = add_key(site.db, "till", time.time(), store="elsewhere")
    basket = {"currency": "EUR", "lines": []}
    with site.client(Authorization=f"Bearer {key}") as till:
        assert till.get("/v1/till/stores").json()["items"] == []
        asked = {"code": "x", "store": "corner", "till": "1", "basket": basket}
        assert till.post("/v1/till/check", json=asked).status_code == 404
        write = {"Idempotency-Key": "v"}
        assert (
            till.post("/v1/till/void", json={"redemption_id": "r", "store": "corner"}, headers=write).status_code == 404
        )


def test_behind_tls_browsers_stay_there_and_the_managers_pages_load_nothing_from_elsewhere(site: Site) -> None:
    with site.client() as client:
        plain = client.get("/health/live")
        safe = client.get("/health/live", headers={"X-Forwarded-Proto": "https"})
        board = client.get("/manage")
    assert "strict-transport-security" not in plain.headers
    assert safe.headers["strict-transport-security"] == "max-age=31536000"
    assert "default-src 'none'" in board.headers["content-security-policy"]


def test_a_key_that_was_revoked_is_not_rotated_into_a_new_one(db: Database) -> None:
    key_id, _ = add_key(db, "till", 1000.0)
    end_key(db, key_id, 2000.0)
    with pytest.raises(NotFound, match="has ended"):
        rotate_key(db, key_id, 2000.0, 3600.0)
    assert [key.key_id for key in list_keys(db)] == [key_id]
