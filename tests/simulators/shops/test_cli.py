"""`rayon shops` as its users see it."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from engine.config import Config
from engine.errors import OperatorError
from engine.ingest.sources.declared import declare
from engine.ingest.sources.shops import declare_shops
from simulators.shops.cli import register_shops
from tests.simulators.made import small_plan
from tests.simulators.shops.told import SECRET, VARIABLE, WIRES, digest


def run(*arguments: str) -> Result:
    app = typer.Typer()
    register_shops(app)
    app.callback()(lambda: None)
    return CliRunner().invoke(app, ["shops", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("wire", WIRES)
def test_sources_are_those_that_a_site_takes(wire: str) -> None:
    said = yaml.safe_load(run("sources", "--store", "market", "--wire", wire, "--secret-env", VARIABLE).stdout)
    config = Config.model_validate(said)
    assert [source.kind for source in config.sources] == [wire, "shop", "shop", "shop"]
    declare(config.sources, {"market": small_plan()}, {VARIABLE: SECRET})  # nothing wrong with them
    heard = declare_shops(config.sources, ["market"], {VARIABLE: SECRET}, digest)
    assert list(heard) == ["eshop", "pages", "app", "till"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sources", "--store", "market", "--wire", "magento"), "no fake speaks 'magento'"),
        (("play", "nowhere", "--url", "http://127.0.0.1:1"), "events.jsonl"),
        (("play", "nowhere", "--url", "http://[::1"), "is no site"),
        (("play", "nowhere", "--url", "site.example"), "is no site"),
        (("play", "nowhere", "--url", "http://127.0.0.1:1", "--timezone", "Mars/X"), "there is no 'Mars/X'"),
        (("play", "nowhere", "--url", "http://127.0.0.1:1", "--timezone", "Europe"), "there is no 'Europe'"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(OperatorError, match=said):
        run(*arguments)


def test_without_a_secret_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    (tmp_path / "events.jsonl").write_text("")
    with pytest.raises(OperatorError, match=VARIABLE):
        run("play", str(tmp_path), "--url", "http://127.0.0.1:1", "--secret-env", VARIABLE)
