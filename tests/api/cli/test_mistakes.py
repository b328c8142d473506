"""An operator's mistakes: all listed with their places, exit status 2, nothing started or written."""

from __future__ import annotations

import re
import shutil
import socket
from pathlib import Path

import pytest

from engine.storage.database import open_database
from engine.storage.keys import list_keys
from tests.engine.runtime.made import FLOORPLANS
from tests.forked import rayon


@pytest.mark.parametrize("command", ["serve", "engine", "api"])
def test_a_configuration_with_three_mistakes_lists_three(tmp_path: Path, command: str) -> None:
    (tmp_path / "config.yaml").write_text("mqtt: {port: 99999, hots: x}\npresence: {enter_probability: 2}\n")
    done = rayon(tmp_path, command, "--config", "config.yaml")
    assert done.returncode == 2
    for place in ("config.yaml: mqtt.port:", "config.yaml: mqtt.hots:", "config.yaml: presence.enter_probability:"):
        assert place in done.stderr
    assert "3 problems found; nothing was started or written." in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.yaml"]


def test_campaigns_with_mistakes_in_two_stores_are_listed_together(tmp_path: Path) -> None:
    plans = tmp_path / "floorplans"
    shutil.copytree(FLOORPLANS, plans, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    for store, sku in (("boutique", "zone: "), ("supermarket", "product: ")):
        path = plans / store / "campaigns.yaml"
        path.write_text(path.read_text().replace(f"place: {{ {sku}", f"place: {{ {sku}no-", 1))
    (tmp_path / "config.yaml").write_text("stores: {floorplans_dir: floorplans}\n")
    done = rayon(tmp_path, "engine", "--config", "config.yaml")
    assert done.returncode == 2
    assert re.search(r"boutique/campaigns.yaml: line \d+, campaigns\.", done.stderr)
    assert re.search(r"supermarket/campaigns.yaml: line \d+, campaigns\.", done.stderr)
    assert "2 problems found" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_folder_without_stores_says_what_to_put_there(tmp_path: Path) -> None:
    (tmp_path / "floorplans").mkdir()
    done = rayon(tmp_path, "engine")
    assert done.returncode == 2
    assert "plan.geojson" in done.stderr


def test_an_unreadable_database_url_is_an_operator_s_mistake(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        f"stores: {{floorplans_dir: {FLOORPLANS}}}\nstorage: {{url: 'mysql://x/y'}}\n"
    )
    done = rayon(tmp_path, "api", "--config", "config.yaml")
    assert done.returncode == 2
    assert "storage.url" in done.stderr


BAD_STARTS = {
    "portals[0].password_variable: T_NOT_SET is not set": (
        "portals: [{store: boutique, system: meraki, password_variable: T_NOT_SET}]"
    ),
    "portals[0].store: no floor plan: boutik (did you mean 'boutique'?)": "portals: [{store: boutik, system: meraki}]",
    "sources[0].kind: 'mits' is no kind": "sources: [{name: a, kind: mits, stores: [boutique], topic: a}]",
    "mqtt.tls_ca_file: not usable": "mqtt: {tls: true, tls_ca_file: no.pem}",
}


@pytest.mark.parametrize("said", BAD_STARTS)
def test_a_start_that_fails_makes_no_database_and_no_keys(tmp_path: Path, said: str) -> None:
    (tmp_path / "site.yaml").write_text(f"stores: {{floorplans_dir: {FLOORPLANS}}}\n{BAD_STARTS[said]}\n")
    done = rayon(tmp_path, "serve", "--config", "site.yaml", "--port", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "config.yaml" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["site.yaml"]


def test_keys_are_made_once_the_site_listens(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"stores: {{floorplans_dir: {FLOORPLANS}}}\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = rayon(tmp_path, "api", "--port", str(taken.getsockname()[1]))
    assert (done.returncode, done.stdout) == (2, "")
    db = open_database(f"sqlite:///{tmp_path / 'data' / 'rayon.db'}")
    assert list_keys(db) == []
    db.close()


@pytest.mark.parametrize("command", ["demo", "serve", "engine", "api", "locate", "score", "plan", "simulate", "replay"])
def test_help_shows_an_example(tmp_path: Path, command: str) -> None:
    assert command in rayon(tmp_path, "--help").stdout
    page = rayon(tmp_path, *([command, "check"] if command == "plan" else [command]), "--help").stdout
    example = f"rayon {command} "
    assert example in page.replace(f"Usage: {example}", "")
