"""`rayon campaigns apply --hq` with the file of the docs on the shipped stores."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.cli.data.campaigns import apply
from engine.errors import OperatorError
from engine.storage.database import open_database
from engine.storage.vouchers.campaigns import get_campaign, has_campaign
from tests.databases import new_sqlite

ROOT = Path(__file__).parents[3]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A site with the shipped floor plans and an empty database."""
    url = new_sqlite(tmp_path / "rayon.db")
    path = tmp_path / "config.yaml"
    storage = f"storage: {{url: '{url}', data_dir: '{tmp_path}'}}\n"
    path.write_text(f"stores: {{floorplans_dir: '{ROOT / 'floorplans'}'}}\n{storage}")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What the reference shows."""
    page = (ROOT / "docs" / "reference" / "campaigns.md").read_text(encoding="utf-8")
    [shown] = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "may_change:" in block]
    path = tmp_path / "campaigns-hq.yaml"
    path.write_text(shown, encoding="utf-8")
    return path


def test_the_file_of_the_docs_is_given_to_who_can_have_it(
    config: Path, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apply(None, hq=file, dry_run=True, config=config)
    dry = capsys.readouterr().out
    apply(None, hq=file, dry_run=False, config=config)
    said = capsys.readouterr().out
    assert dry == said.replace("version 1\n", "version 1 if it were applied\n")
    assert "  boutique: left out; campaign.place.zone unknown zone 'petit-dejeuner'" in said
    assert "  supermarket: new" in said
    db = open_database(f"sqlite:///{tmp_path}/rayon.db")
    assert get_campaign(db, "supermarket", "breakfast-week").campaign.budget.max_vouchers == 200
    assert not has_campaign(db, "boutique", "breakfast-week")
    db.close()


def test_a_folder_does_not_go_with_it(config: Path, file: Path) -> None:
    with pytest.raises(OperatorError, match="--hq"):
        apply(ROOT / "floorplans" / "boutique", hq=file, config=config)
