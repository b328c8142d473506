"""`rayon export parquet`: whole days by the store's clock, what was let out and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner, Result

from api.cli.commands import build
from engine.errors import OperatorError
from engine.files.warehouse import COLUMNS
from engine.storage.database import open_database
from engine.storage.models.visits import CouponHourTable, FlowTable, VisitTable, ZoneHourTable
from engine.storage.models.vouchers import DecisionTable
from tests.databases import new_sqlite
from tests.engine.runtime.made import FLOORPLANS

PARIS = ZoneInfo("Europe/Paris")


def hour(day: int, at: int) -> float:
    return datetime(2026, 11, day, at, tzinfo=PARIS).timestamp()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A site that counted something on three days, the evening and the morning around midnight among it."""
    url = new_sqlite(tmp_path / "rayon.db")
    db = open_database(url)
    at = (hour(9, 23), hour(10, 0), hour(10, 23), hour(11, 0))
    with db.write() as session:
        for n, start in enumerate(at):
            zone = {"store": "boutique", "hour_start": start}
            session.add(
                ZoneHourTable(**zone, zone="femme", person_s=90.0, visits=20 * n, dwell_s_sum=80.0, persons_peak=2.0)
            )
            session.add(FlowTable(**zone, from_zone="", to_zone="femme", count=20))
            session.add(CouponHourTable(**zone, figure="vouchers_issued", n=40))
        session.add(
            VisitTable(store="boutique", shopper_id="ana", zone="femme", store_visit_id="v", started_at=at[1],
                       ended_at=at[1] + 9, dwell_s=9)
        )  # fmt: skip
    db.close()
    file = tmp_path / "config.yaml"
    stores = f"stores: {{floorplans_dir: '{FLOORPLANS}', stores: [boutique, supermarket]}}"
    file.write_text(f"storage: {{url: '{url}', data_dir: '{tmp_path}'}}\n{stores}\n")
    return file


def export(config: Path, *options: str) -> Result:
    return CliRunner().invoke(build(), ["export", "parquet", "--config", str(config), *options])


def test_the_days_that_were_asked_for_are_in_the_files(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    asked = ("--from", "2026-11-10", "--to", "2026-11-10", "--folder", str(folder))
    for _ in range(2):  # the same again replaces them
        done = export(config, *asked, "--store", "boutique", "--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["rows"] == {"zone_hours": 2, "zone_flows": 2, "coupon_hours": 2}
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.parquet" for name in COLUMNS)
    for name, columns in COLUMNS.items():
        table = pq.read_table(folder / f"{name}.parquet")
        assert table.column_names == list(columns)
        assert "ana" not in str(table.to_pylist())
    rows = pq.read_table(folder / "zone_hours.parquet").to_pylist()
    assert [(r["store"], r["hour_start"], r["visits"]) for r in rows] == [
        ("boutique", datetime(2026, 11, 9, 23, tzinfo=UTC), 20),
        ("boutique", datetime(2026, 11, 10, 22, tzinfo=UTC), 40),
    ]


def test_coupons_are_told_though_nobody_has_looked_at_a_page(config: Path, tmp_path: Path) -> None:
    db = open_database(yaml.safe_load(config.read_text())["storage"]["url"])
    at = hour(10, 9) + 60.0
    with db.write() as session:
        for n in range(45):
            who = {"shopper_id": f"shopper-{n}", "visit_id": f"v-{n}", "decision_id": f"d-{n}", "trigger_id": f"t-{n}"}
            when = {"at": at, "since": at, "caused_by_t": at, "probability": 1.0, "inputs": "{}"}
            shop = {"store": "supermarket", "campaign_id": "milk", "outcome": "issued", "reason": "ok"}
            session.add(DecisionTable(**who, **when, **shop))
    db.close()
    folder = tmp_path / "out"
    for _ in range(2):  # whoever asks again is told nothing twice
        done = export(
            config, "--from", "2026-11-10", "--to", "2026-11-10", "--folder", str(folder), "--store=supermarket"
        )
        assert done.exit_code == 0, done.output
        rows = pq.read_table(folder / "coupon_hours.parquet").to_pylist()
        assert [(r["figure"], r["n"], r["hour_start"]) for r in rows] == [
            ("decision|issued|ok", 40, datetime(2026, 11, 10, 8, tzinfo=UTC))
        ]


def test_all_stores_where_none_is_named_each_a_group_of_rows(config: Path, tmp_path: Path) -> None:
    done = export(config, "--from", "2026-11-09", "--to", "2026-11-11", "--folder", str(tmp_path / "out"))
    assert "zone_hours.parquet: 4 rows" in done.stdout
    assert pq.ParquetFile(tmp_path / "out" / "zone_hours.parquet").num_row_groups == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--from", "2026-11-11", "--to", "2026-11-10"), "is before --from"),
        (("--from", "yesterday", "--to", "2026-11-10"), "days such as 2026-11-30"),
        (("--from", "2026-11-10", "--to", "2026-11-10", "--store", "corner"), "no store 'corner' here"),
    ],
)
def test_mistakes_are_said_and_nothing_is_written(
    config: Path, tmp_path: Path, wrong: tuple[str, ...], said: str
) -> None:
    done = export(config, *wrong, "--folder", str(tmp_path / "out"))
    assert isinstance(done.exception, OperatorError)
    assert said in str(done.exception)
    assert not (tmp_path / "out").exists()
