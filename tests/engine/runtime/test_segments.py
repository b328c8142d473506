"""A decision asks which segments its shoppers are in, once, and only where a campaign means one."""

from __future__ import annotations

from pathlib import Path

from engine.config import Config
from engine.records import DeviceId, Trigger
from engine.runtime.decisions import OfferDesk
from engine.storage.database import open_database
from engine.storage.figures.segment_spans import put_spans
from engine.storage.vouchers.campaigns import put_campaign
from engine.vocabulary import DecisionReason
from tests.databases import new_sqlite, statements
from tests.engine.offers.plans import PLAN
from tests.engine.offers.plans import campaign as books
from tests.engine.storage.scenes import NOW, SECRET, STORE, shopper


def trigger(device: int, campaign: str, at: float) -> Trigger:
    return Trigger(f"t-{device}-{campaign}-{at}", campaign, DeviceId(device), f"v{device}-{at}", at - 9, at, 0.9, at)


def test_only_who_is_in_it_at_that_moment(tmp_path: Path) -> None:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    people = [shopper(db, device) for device in (1, 2)]
    put_campaign(db, STORE, books("loyal", audience={"segments": ["loyal", "lost"]}), NOW)
    put_campaign(db, STORE, books("all"), NOW)
    with db.write() as session:
        put_spans(session, people[0].shopper_id, [("loyal", NOW, NOW + 60), ("other", 0.0, NOW + 999)], NOW + 99)
        put_spans(session, people[1].shopper_id, [("other", 0.0, NOW + 999)], NOW + 99)
    desk = OfferDesk(PLAN, Config(), db, SECRET)
    desk.refresh()

    def reasons(campaign: str, at: float) -> list[DecisionReason]:
        said = desk.decide([trigger(device, campaign, at) for device in (1, 2)], at)
        return [d.reason for d in sorted(said.decisions, key=lambda d: d.trigger.device)]

    with statements() as sent:
        assert reasons("loyal", NOW + 1) == [DecisionReason.OK, DecisionReason.AUDIENCE]
    assert sum("FROM segment_span" in statement for statement in sent) == 1
    assert reasons("loyal", NOW + 60) == [DecisionReason.AUDIENCE] * 2
    with statements() as sent:
        reasons("all", NOW + 2)
    assert not any("segment_span" in statement for statement in sent)
    db.close()
