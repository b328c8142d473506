"""One job forgets everything in time, and proves it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import SQLModel, select

from engine.config import RetentionConfig
from engine.privacy.day_keys import KeyFile
from engine.privacy.nights import Nights
from engine.privacy.salts import DailySalts
from engine.storage.database import Database
from engine.storage.journal import Journal, VisitRow, save_checkpoint
from engine.storage.models.ledger import ShareTable, ShareVisitTable
from engine.storage.models.retention import RetentionProofTable
from engine.storage.models.running import CheckpointTable, JournalTable
from engine.storage.models.visits import VisitTable
from engine.storage.models.vouchers import DecisionTable, DeliveryTable
from engine.storage.retention.proofs import forget, proofs
from engine.storage.retention.rules import DAY_S, rules_of
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.vouchers import expire_undelivered
from engine.vocabulary import RetentionRule
from tests.databases import statements
from tests.engine.storage.scenes import NOW, STORE, campaign, issue, shopper

PERIODS = RetentionConfig()


def fill(db: Database, data_dir: Path) -> None:
    """A row of everything, all at NOW, and a profile that everything is about."""
    put_campaign(db, STORE, campaign())
    who = shopper(db, 7).shopper_id
    issue(db, who)
    expire_undelivered(db, NOW + 3600.0)
    Journal(db, STORE).append(NOW, b"readings")
    save_checkpoint(db, STORE, 0, b"state", [], [], [VisitRow(who, "fruit", "v1", NOW - 60, NOW, 60.0)], NOW)
    with db.write() as session:
        session.add(ShareTable(token="t", shopper_id=who, member_id="m", store=STORE, campaign_id="c", created_at=NOW))
        session.flush()
        session.add(ShareVisitTable(token="t", member_id="m", outcome="counted", points=0, at=NOW))
    day = Nights().day(NOW)
    DailySalts(data_dir).salt(STORE, day)
    KeyFile(data_dir).key(STORE, day)


def run(db: Database, data_dir: Path, days: float) -> dict[str, int]:
    """What a run so long after NOW finds due, rule by rule; it forgets all of it, and what it said was right."""
    rules, now = rules_of(db, PERIODS, data_dir), NOW + days * DAY_S
    due = {rule.name.value: rule.due(now) for rule in rules}
    assert forget(db, rules, now) == sum(due.values())
    assert all(rule.due(now) == 0 for rule in rules)
    return {name: rows for name, rows in due.items() if rows}


def test_everything_goes_at_its_time_and_not_before(db: Database, tmp_path: Path) -> None:
    fill(db, tmp_path)
    assert run(db, tmp_path, 0.0) == {}
    assert run(db, tmp_path, 1.5) == {"salts": 1, "day_keys": 1, "journal": 1, "checkpoints": 1}
    assert "deliveries" in run(db, tmp_path, PERIODS.deliveries_days + 0.1)
    assert set(run(db, tmp_path, PERIODS.visits_days + 0.1)) >= {"visits", "decisions", "share_visits"}
    assert run(db, tmp_path, PERIODS.prospects_days + 0.1) == {"prospects": 1}


@pytest.mark.parametrize(
    "model", [JournalTable, CheckpointTable, VisitTable, DecisionTable, DeliveryTable, ShareVisitTable]
)
def test_nothing_is_left_in_a_table_when_all_is_over(db: Database, tmp_path: Path, model: type[SQLModel]) -> None:
    fill(db, tmp_path)
    run(db, tmp_path, PERIODS.visits_days + 1.0)
    with db.read() as session:
        assert session.exec(select(model)).all() == []


def test_the_proof_says_what_when_how_many_and_by_which_rule(db: Database, tmp_path: Path) -> None:
    fill(db, tmp_path)
    run(db, tmp_path, 1.5)
    run(db, tmp_path, 1.6)
    run(db, tmp_path, 5.0)
    said = proofs(db)
    assert len({p.day for p in said}) == 2
    assert {p.rule for p in said} == set(RetentionRule), "a day with nothing to forget is proved as well"
    (journal,) = (p for p in said if p.rule is RetentionRule.JOURNAL and p.rows)
    assert (journal.rows, journal.keep_s) == (1, 86_400.0)
    assert (journal.first_at, journal.last_at) == (NOW + 1.5 * DAY_S, NOW + 1.6 * DAY_S)
    assert said[0].day > said[-1].day


def test_rules_that_find_nothing_are_proved_together(db: Database, tmp_path: Path) -> None:
    """Most find nothing in most hours: a commit each would be two dozen waits for the disk at every start."""
    fill(db, tmp_path)
    rules = rules_of(db, PERIODS, tmp_path)
    assert forget(db, rules, NOW) == 0
    with statements() as sent:
        assert forget(db, rules, NOW + 1.5 * DAY_S) == 4
    assert sum(RetentionProofTable.__tablename__ in statement for statement in sent) == 4 + 1
    assert sorted((p.rule, p.rows) for p in proofs(db) if p.last_at > NOW) == sorted(
        (rule, int(rule in ("salts", "day_keys", "journal", "checkpoints"))) for rule in RetentionRule
    )


def test_a_message_that_waits_is_not_forgotten(db: Database, tmp_path: Path) -> None:
    put_campaign(db, STORE, campaign())
    issue(db, shopper(db, 7).shopper_id)
    assert "deliveries" not in run(db, tmp_path, PERIODS.deliveries_days + 1.0)


def test_many_rows_go_in_batches(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.storage.retention.rules.BATCH", 3)
    for i in range(8):
        Journal(db, STORE).append(NOW + i, b"readings")
    assert run(db, tmp_path, 2.0) == {"journal": 8}


def test_a_rule_that_fails_is_in_the_log_and_the_others_run(
    db: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(db, tmp_path)
    (tmp_path / "salt.json").unlink()
    (tmp_path / "salt.json").mkdir()
    assert forget(db, rules_of(db, PERIODS, tmp_path), NOW + 2 * DAY_S) >= 2
    assert [r.getMessage() for r in caplog.records if "retention" in r.getMessage()] == [
        "retention: salts could not be forgotten; the other rules run"
    ]
    assert {line.rule for line in proofs(db)} == set(RetentionRule) - {RetentionRule.SALTS}
