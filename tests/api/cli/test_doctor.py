"""`rayon doctor`: everything a site stands on, each thing that is wrong in a sentence with its way out."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from sqlalchemy import text
from sqlmodel import select
from typer.testing import CliRunner

from api.cli.data.checks import Condition, Found, check_keys, check_replica
from api.cli.data.doctor import examine, register
from api.cli.data.places import SitePlaces
from api.cli.startup import open_site, read_config
from engine.config import Config
from engine.privacy.day_keys import KeyFile
from engine.privacy.nights import SaltDay
from engine.privacy.sealing import Seal
from engine.privacy.secrets import load_secrets
from engine.storage.database import open_database
from engine.storage.journal import save_checkpoint
from engine.storage.models.running import CheckpointTable
from tests.brokers import Mosquitto, free_port
from tests.cases.shop import NOW, live
from tests.cases.test_flipped_byte import flip, runner
from tests.databases import new_sqlite
from tests.engine.runtime.made import FLOORPLANS
from tests.engine.storage.scenes import voucher


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A site that was started once, with no broker."""
    shutil.copytree(FLOORPLANS / "boutique", tmp_path / "plans" / "boutique")
    raw = {
        "stores": {"floorplans_dir": str(tmp_path / "plans")},
        "mqtt": {"port": free_port()},
        "storage": {"url": f"sqlite:///{tmp_path / 'data' / 'rayon.db'}", "data_dir": str(tmp_path / "data")},
    }
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


def started(config: Path) -> None:
    data = config.parent / "data"
    data.mkdir(mode=0o700)
    new_sqlite(data / "rayon.db")
    open_site(read_config(config), environ={}).db.close()


def not_ok(found: list[Found], *, but: str = "broker") -> list[tuple[str, str]]:
    """What and how, of all that is not in order."""
    return [(f.what, f.health.value) for f in found if f.health is not Condition.OK and f.what != but]


def test_a_site_before_and_after_its_first_start(config: Path, mosquitto: Mosquitto) -> None:
    assert not_ok(examine(config, {})) == [("database", "wrong")]
    assert not (config.parent / "data").exists(), "looking changes nothing"
    open_site(read_config(config), environ={}).db.close()
    raw = yaml.safe_load(config.read_text())
    raw["mqtt"]["port"] = mosquitto.port
    config.write_text(yaml.safe_dump(raw))
    found = examine(config, {})
    assert not_ok(found, but="") == []
    looked_at = {"configuration", "floor plans", "campaigns", "sources", "portals", "data_dir", "keys", "database"}
    assert {f.what for f in found} >= looked_at


def test_a_broker_that_does_not_answer(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cli.data.checks.BROKER_S", 0.3)
    [broker] = [f for f in examine(config, {}) if f.what == "broker"]
    assert (broker.health, broker.way_out) == (Condition.WRONG, "is the broker running?")


def test_sources_and_portals_that_would_keep_a_site_from_starting(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cli.data.checks.BROKER_S", 0.1)
    raw = yaml.safe_load(config.read_text())
    raw["sources"] = [
        {"name": "a", "kind": "mits", "stores": ["boutique"], "topic": "a/#"},
        {"name": "b", "kind": "mist", "stores": ["boutik"], "receiver": True, "secret_env": "T_MIST"},
    ]
    raw["portals"] = [{"store": "boutique", "system": "meraki", "secret_variable": "T_PORTAL"}]
    config.write_text(yaml.safe_dump(raw))
    found = examine(config, {"RAYON_PORTAL_SECRET_BOUTIQUE": "short"})
    assert [(f.what, f.says) for f in found if f.what in ("sources", "portals")] == [
        ("sources", f"{config}: sources[1].stores: no floor plan: boutik"),
        ("sources", f"{config}: sources[0].kind: 'mits' is no kind"),
        ("sources", f"{config}: sources[1].secret_env: T_MIST is not set"),
        ("portals", f"{config}: portals[0].secret_variable: T_PORTAL is not set"),
        ("portals", "RAYON_PORTAL_SECRET_BOUTIQUE: (value): too short"),
    ]


def test_every_fault_is_said(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cli.data.checks.BROKER_S", 0.1)
    started(config)
    data = config.parent / "data"
    db = open_database(f"sqlite:///{data / 'rayon.db'}")
    voucher(db)
    engine = runner(db)
    engine.recover(NOW)
    for at, frame in live(5.0):
        engine.keep([frame], NOW + at)
        engine.advance([frame], NOW + at)
    engine.checkpoint(NOW + 10.0)
    with db.write() as session:
        row = session.exec(select(CheckpointTable)).one()
        row.blob = b"RS0" + flip(row.blob, 20)[3:]
    db.close()
    (data / "secrets.json").chmod(0o644)
    path = config.parent / "plans" / "boutique" / "campaigns.yaml"
    raw = yaml.safe_load(path.read_text())
    raw["campaigns"][0]["margin_minor"] += 1
    path.write_text(yaml.safe_dump(raw))
    assert not_ok(examine(config, {})) == [
        ("data_dir", "warning"),
        ("state of boutique", "wrong"),
        ("keys", "wrong"),
        ("campaigns", "warning"),
    ]


def test_a_checkpoint_whose_key_is_not_here_is_not_called_whole(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a day that is over, or of an engine with another data_dir: neither damaged nor of use."""
    monkeypatch.setattr("api.cli.data.checks.BROKER_S", 0.1)
    started(config)
    db = open_database(f"sqlite:///{config.parent / 'data' / 'rayon.db'}")
    (config.parent / "elsewhere").mkdir()
    sealed = Seal("boutique", KeyFile(config.parent / "elsewhere")).close(b"a state", SaltDay(0, 86_400))
    save_checkpoint(db, "boutique", 0, sealed, [], [], [], NOW)
    db.close()
    [state] = [f for f in examine(config, {}) if f.what == "state of boutique"]
    assert (state.health, "data_dir" in state.way_out) == (Condition.WARNING, True)


def test_a_newer_database_and_a_configuration_that_cannot_be_read(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cli.data.checks.BROKER_S", 0.1)
    started(config)
    db = open_database(f"sqlite:///{config.parent / 'data' / 'rayon.db'}")
    with db.write() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.close()
    assert not_ok(examine(config, {})) == [("database", "wrong")]
    config.write_text("mqtt: {prot: 1}")
    assert [(f.what, f.health) for f in examine(config, {})] == [("configuration", Condition.WRONG)]


def test_the_command_exits_with_1_where_something_is_wrong(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cli.data.checks.BROKER_S", 0.1)
    monkeypatch.delenv("RAYON_DATABASE_URL", raising=False)
    started(config)
    app = typer.Typer()
    register(app)

    def run(*more: str) -> Any:
        return CliRunner().invoke(app, ["--config", str(config), *more])

    said = run("--json")
    report = json.loads(said.stdout)
    assert (said.exit_code, report["ok"]) == (1, False)
    assert [f["what"] for f in report["found"] if f["health"] == "wrong"] == ["broker"]
    assert "1 thing is wrong" in run().stdout
    assert os.environ.get("RAYON_DATABASE_URL") is None


def test_what_others_reach_and_day_files_that_cannot_be_read(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cli.data.checks.BROKER_S", 0.1)
    started(config)
    data = config.parent / "data"
    (data / "salt.json").write_bytes(b"\xff")
    (data / "day-keys.json").write_text('{"boutique": 5}')
    for name in ("salt.json", "rayon.db", "secrets.json"):
        (data / name).chmod(0o644)
    (data / "day-keys.json").chmod(0o600)
    data.chmod(0o777)
    said = [f.says for f in examine(config, {}) if f.what == "data_dir"]
    assert said == [
        f"others on this machine can write to {data}",
        f"others on this machine reach {data}/secrets.json, {data}/salt.json, {data}/rayon.db",
        f"{data}/salt.json cannot be read: it is cut off or damaged. It counts as lost",
        f"{data}/day-keys.json cannot be read: it is cut off or damaged. It counts as lost",
    ]
    assert (data / "salt.json").read_bytes() == b"\xff", "looking changes nothing"


def test_several_machines_need_one_key(tmp_path: Path) -> None:
    places = SitePlaces("postgresql://u@127.0.0.1:1/x", tmp_path, tmp_path)
    load_secrets(tmp_path, {})
    for given, alone in (({}, True), ({"RAYON_SITE_KEY": "k" * 32}, False)):
        _, [found] = check_keys(places, given)
        assert found.health is Condition.OK
        assert ("every other machine of the site needs" in found.says) is alone


def test_a_replica_that_is_away_is_said_and_stops_nothing() -> None:
    assert list(check_replica(Config(), {})) == []
    [found] = check_replica(Config(), {"RAYON_REPLICA_URL": "postgresql://u@127.0.0.1:1/x"})
    assert (found.what, found.health) == ("replica", Condition.WARNING)
