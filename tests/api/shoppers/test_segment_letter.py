"""A segment's letter, from a visit to a mailbox: who is in it finds a coupon there, and one click ends that."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.config import SegmentConfig
from engine.delivery.outboxes import segment_rules
from engine.offers.caps import DAY_S, Limits
from engine.privacy.consent import ConsentChoice
from engine.storage.models.visits import VisitTable
from engine.storage.people.shoppers import set_consents
from engine.storage.segments.working_out import work_out_segments
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.mailed.mailing import mail_codes
from engine.vocabulary import Channel, Purpose
from tests.api.shoppers.reached import agree, reached
from tests.api.site import SECRETS, Site, campaign, eventually

REGULARS = SegmentConfig.model_validate(
    {"name": "regulars", "fr": "Habitués", "en": "Regulars", "when": [{"fact": "visits", "at_least": 1}]}
)
LIMITS = Limits(9, 9, 9)


def tomorrow_noon(site: Site) -> float:
    """Letters are written by day, whenever the test runs."""
    today = dt.datetime.now(ZoneInfo(site.plan.timezone)).replace(hour=12, minute=0, second=0, microsecond=0)
    return today.timestamp() + DAY_S


def visited(site: Site, who: str) -> None:
    """She was at the tea this morning."""
    now = time.time()
    with site.db.write() as session:
        session.add(
            VisitTable(
                store="corner",
                store_visit_id="v",
                shopper_id=who,
                zone="tea",
                started_at=now - 900.0,
                ended_at=now - 300.0,
                dwell_s=600.0,
            )
        )


def test_a_segments_letter_reaches_its_mailbox_and_one_click_ends_them(tmp_path: Path) -> None:
    with reached(tmp_path, segments=(REGULARS,)) as (site, _, post):
        people = {}
        for name in ("anne", "bob"):
            with site.client() as phone:
                who = agree(site, phone, Channel.PAGE, Channel.EMAIL, email=f"{name}@example.org")
            set_consents(site.db, who, [ConsentChoice(Purpose.CRM, Channel.ANY, True)], "v", "me", time.time())
            people[name] = who
        visited(site, people["anne"])
        meant = campaign("for-regulars", by_email=True, valid_s=7 * DAY_S, audience={"segments": ["regulars"]})
        put_campaign(site.db, "corner", meant)

        rules = segment_rules(site.server.app.state.ctx.config, {"corner": site.plan})

        def letters() -> list[str]:
            work_out_segments(site.db, rules, time.time())  # the site does, too, once a minute
            mail_codes(site.db, site.plan, LIMITS, SECRETS.site_key, tomorrow_noon(site))
            return [m["To"] for m in post.box.messages if m["List-Unsubscribe"] is not None]

        eventually(letters)
        assert letters() == ["anne@example.org"]
        (message,) = [m for m in post.box.messages if m["List-Unsubscribe"] is not None]
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        stop = message["List-Unsubscribe"].strip("<>").removeprefix(site.server.app.state.ctx.public_url)
        with site.client() as mailbox:  # the mailbox's own machine: no cookie
            assert mailbox.post(stop, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        put_campaign(site.db, "corner", meant.model_copy(update={"id": "next-week"}))
        for _ in range(2):
            assert letters() == ["anne@example.org"]
