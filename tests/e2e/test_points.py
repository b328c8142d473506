"""A whole site on a real broker, simulated shoppers who share, and a referee: does the ledger equal the truth?"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.privacy.proofs import secret_variable
from tests.brokers import Mosquitto
from tests.engine.runtime.made import FLOORPLANS
from tests.forked import rayon as run_rayon
from tests.sites import PORTAL_SECRET, TILL_KEY, Site

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SECONDS = (40, 120, 240)
"""Of a run, the next where a busy machine brought too little in the one before."""


def scenario(folder: Path) -> Path:
    """The demo's boutique where everybody shares, and everybody opens what is shared; farms too."""
    phones = {
        "sign_in_share": 1.0, "consent_share": 1.0, "share_share": 1.0, "friend_open_share": 0.8,
        "preview_bot_share": 0.7, "self_open_share": 0.5, "neighbour_open_share": 0.5, "haste": 3.0,
    }  # fmt: skip
    said = {"extends": "demo-boutique", "about": "sharers", "phones": phones, "attack": {"farm_opens_per_share": 2}}
    path = folder / "scenario.yaml"
    path.write_text(yaml.safe_dump(said))
    return path


def rayon(seconds: int, *arguments: object) -> dict[str, Any]:
    environ = os.environ | {"RAYON_TILL_KEY": TILL_KEY, secret_variable("boutique"): PORTAL_SECRET}
    done = run_rayon(Path.cwd(), *arguments, "--json", env=environ, timeout=240.0 + seconds)
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    assert isinstance(out, dict)
    return out


def run(folder: Path, broker: Mosquitto, seconds: int) -> dict[str, Any]:
    """What the referee says of the ledger after such a run: it equals the truth, however much came about."""
    offers = {"shares_rewarded_per_day": 2, "points_per_share_visit": 30, "share_hold_s": 3600.0}
    api = {"share_opens_per_minute": 1000}  # all of this store's friends have one address
    site = Site(folder / "site", broker.port, FLOORPLANS, ["boutique"], offers=offers, api=api)
    live = folder / "live"
    site.start("serve")
    try:
        site.wait_ready()
        site.wait_connected()
        addresses = ("--mqtt", broker.url, "--api", site.url, "--config", site.config)
        said = rayon(seconds, "simulate", scenario(folder), *addresses, "--seconds", seconds, "-o", live)
    finally:
        assert site.stop() == 0, site.log[-3000:]
    assert said["errors"] == {}
    ledger = rayon(0, "score", "--run", live)["ledger"]
    assert ledger["equals_truth"], (ledger, (live / "events.csv").read_text())
    assert ledger["shoppers"] == said["signed_in"]
    assert ledger["said_points"] == 30 * ledger["openings"].get("rewarded", 0)
    rows = (live / "events.csv").read_text().splitlines()
    assert (said["points"], said["events"]) == (ledger["shoppers"], len(rows) - 1)
    return ledger


def test_every_shopper_is_told_the_points_that_the_rules_give(tmp_path: Path, mosquitto: Mosquitto) -> None:
    for seconds in SECONDS:
        ledger = run(tmp_path / f"{seconds}", mosquitto, seconds)
        if ledger["shoppers"] >= 3 and {"preview", "duplicate", "rewarded"} <= set(ledger["openings"]):
            return
    raise AssertionError(f"too little came about: {ledger}")
