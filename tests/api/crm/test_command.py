"""`rayon crm` on a site's database: what waits, what is dead, and once more."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.commands import build
from engine.storage.crm.lines import note_failed, take_due
from engine.storage.crm.numbers import number_events
from engine.storage.crm.receivers import declare_receivers
from engine.storage.database import open_database
from engine.vocabulary import CrmTrouble, Purpose
from tests.databases import new_sqlite
from tests.engine.storage.crm.people import BUSY_S, declare, deliver, shopper, tell_visits
from tests.engine.storage.scenes import NOW


def test_an_operator_sees_dead_letters_and_sends_them_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = new_sqlite(tmp_path / "rayon.db")
    monkeypatch.setenv("RAYON_DATABASE_URL", url)

    def rayon(*words: str) -> tuple[int, str]:
        ran = CliRunner().invoke(build(), ["crm", *words])
        return ran.exit_code, ran.output.strip() or str(ran.exception)

    assert rayon("status") == (0, "no receiver is declared")
    db = open_database(url)
    declare(db, "loyalty")
    ada = shopper(db, Purpose.CRM)
    deliver(db, "loyalty")
    tell_visits(db, ada, ["shoes", "toys"])
    number_events(db, NOW)
    [due] = take_due(db, "loyalty", NOW, 9, BUSY_S)
    note_failed(db, due, NOW, CrmTrouble.REFUSED, 422, dead=True)
    code, said = rayon("status")
    assert (code, "1 waiting" in said, "1 dead" in said) == (1, True, True)
    assert rayon("dead", "loyalty") == (1, "3: visit, refused (422) after 1 tries; 1 behind it wait")
    assert rayon("again", "loyalty") == (0, "1 dead letters wait again; loyalty is tried now")
    assert rayon("dead", "loyalty") == (0, "no dead letters")
    code, said = rayon("skip", "loyalty", "3")
    assert (code, "no dead letter" in said) == (1, True)
    [due] = take_due(db, "loyalty", NOW, 9, BUSY_S)
    note_failed(db, due, NOW, CrmTrouble.REFUSED, 422, dead=True)
    assert rayon("skip", "loyalty", "3") == (0, "3 is given up")
    assert len(deliver(db, "loyalty")) == 1
    assert rayon("replay", "loyalty", "--after", "2") == (0, "2 events wait again")
    code, said = rayon("forget", "loyalty")
    assert (code, "declared" in said) == (1, True)
    declare_receivers(db, [], NOW)
    assert rayon("forget", "loyalty") == (0, "2 events for loyalty are forgotten")
    db.close()
