"""Two editors of one campaign: the one who saved later overwrote the other's change, and neither was told.

Input: two people open version 1; one saves a new name, the other a new priority. Right value: the second is told that
it is version 2 by now, and nothing of the first one's is lost; with what is there now, the second change is taken.
"""

from __future__ import annotations

import pytest

from engine.storage.database import Database
from engine.storage.vouchers.campaigns import get_campaign, put_campaign
from engine.storage.vouchers.rows.writing import CampaignChanged
from tests.databases import database_url, db, postgres
from tests.engine.storage.scenes import NOW, STORE, campaign

__all__ = ["database_url", "db", "postgres"]


def test_the_later_editor_is_told_and_the_earlier_loses_nothing(db: Database) -> None:
    put_campaign(db, STORE, campaign(), NOW)
    opened = get_campaign(db, STORE, "apples")
    put_campaign(db, STORE, campaign(name="Ana's"), NOW, by="ana", expected=opened.version)
    with pytest.raises(CampaignChanged, match="version 2 by now, not 1"):
        put_campaign(db, STORE, campaign(priority=9), NOW, by="ben", expected=opened.version)
    there = get_campaign(db, STORE, "apples")
    assert (there.campaign.name, there.campaign.priority) == ("Ana's", 50)
    both = there.campaign.model_copy(update={"priority": 9})
    assert put_campaign(db, STORE, both, NOW, by="ben", expected=there.version).version == 3
