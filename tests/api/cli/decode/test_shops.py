"""`rayon decode` and `rayon sources check` of shop systems."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli.commands import build
from tests.payloads.shops_recorded import FOLDER

SITE = """
stores: {floorplans_dir: floorplans, stores: [boutique]}
sources:
  - {name: web, kind: shopify, stores: [boutique], receiver: true, secret_env: T_WEB,
     options: {currency: EUR, places: "655441491=boutique"}}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build(), arguments)


def test_events_of_a_recorded_order() -> None:
    done = run("decode", "shopify", str(FOLDER / "shopify/order-paid.json"), "--json")
    assert done.exit_code == 0, done.output
    form = json.loads(done.stdout)
    assert [event["kind"] for event in form["events"]] == ["order", "purchase"]
    assert "example.com" not in done.stdout


def test_refusals_are_said_in_words() -> None:
    table = str(FOLDER / "receipts-csv/night.csv")
    done = run("decode", "receipts-csv", table, "--told", "timezone=Europe/Paris", "--told", "places=3=boutique")
    assert done.exit_code == 0, done.output
    assert "purchase T1-000123" in done.stdout
    assert "1 refused: unknown_currency: " in done.stdout


def test_a_declared_one_is_tried_with_its_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_WEB", "shpss_made-up")
    config = tmp_path / "config.yaml"
    config.write_text(SITE)
    listed = run("sources", "check", "--config", str(config))
    assert "web: shopify for boutique, by POST /in/web" in listed.stdout, listed.output
    unsigned = str(FOLDER / "shopify/order-paid.json")
    done = run("sources", "check", "web", unsigned, "--config", str(config))
    assert done.exit_code == 1
    assert "bad_signature" in done.stdout


def test_what_is_wrong_with_a_message_is_said(tmp_path: Path) -> None:
    said = tmp_path / "return.json"
    said.write_text(
        '{"kind": "return", "id": "r1", "at": "2026-11-28T10:00:00Z", "purchase_id": "p1", "currency": "EUR",'
        ' "total_minor": 100, "lines": [{"id": "2", "amount_minor": 100}]}'
    )
    done = run("decode", "shop", str(said))
    assert "missing required field `sku` - at `$.lines[0]`" in done.stdout, done.output
