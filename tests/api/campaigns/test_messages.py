"""The page of messages: said, waiting, silent, each with its reason, of k people or nobody."""

from __future__ import annotations

import re
import time

import httpx
import pytest

from engine.config import Config, PrivacyConfig
from engine.storage.models.sending.messages import MessageTable
from engine.vocabulary import Role
from tests.api.site import Site

K = 10


@pytest.fixture
def config(config: Config) -> Config:
    return config.model_copy(update={"privacy": PrivacyConfig(k=K, block_s=60.0)})


def decided(site: Site, kind: str, outcome: str, reason: str, channel: str = "", n: int = 1) -> None:
    """The same decision about `n` shoppers, told of by now."""
    now = time.time() - 60.0
    with site.db.write() as session:
        for i in range(n):
            session.add(
                MessageTable(
                    message_id=f"{kind}-{outcome}-{reason}-{channel}-{i}",
                    shopper_id=f"s{i}",
                    store="corner",
                    kind=kind,
                    outcome=outcome,
                    reason=reason,
                    at=now,
                    until=now,
                    not_before=now + 1e6,  # and sent: the jobs of the site leave all of them alone
                    sent_at=now,
                    channel=channel,
                )
            )


def rows_of(page: str, part: str) -> list[list[str]]:
    """The cells of one part's table."""
    section = page[page.index(f'id="{part}"') :]
    section = section[: section.index("</section>")]
    cells = [re.findall(r"<t[hd][^>]*>(?:<b>)?([^<]*)", row) for row in re.findall(r"<tr>(.*?)</tr>", section)]
    return cells[1:]


def test_what_was_said_where_what_waits_and_why_nothing_was_said(site: Site) -> None:
    decided(site, "order_ready", "now", "ok", "push", n=2 * K + 3)
    decided(site, "friend_came", "now", "ok", "email", n=K - 1)
    decided(site, "points_ending", "later", "own_quiet_hours", n=K)
    decided(site, "reward_near", "silence", "cap_week", n=K)
    with site.colleague("Ada", (Role.MANAGER, "corner")) as manager:
        page = manager.get("/campaigns/corner/_messages?lang=en").text
        assert rows_of(page, "now") == [["Order ready", "Notification", str(2 * K)]]
        assert [row[0::2] for row in rows_of(page, "later")] == [["Points that end soon", str(K)]]
        assert [row[0::2] for row in rows_of(page, "silence")] == [["Reward within reach", str(K)]]
        assert 'id="latest"' not in page  # one by one they are for who may read the audit log
        assert "_messages" in manager.get("/campaigns/corner").text
        french = manager.get("/campaigns/corner/_messages?lang=fr&days=28").text
        assert rows_of(french, "silence") == [
            ["Récompense à portée", "plafond du magasin atteint pour la semaine", str(K)]
        ]
        assert manager.get("/campaigns/corner/_messages?days=3").status_code == 422
        assert manager.get("/campaigns/moon/_messages").status_code in {403, 404}
    with site.colleague("Eve", (Role.ADMIN, "*")) as auditor:
        assert len(rows_of(auditor.get("/campaigns/corner/_messages").text, "latest")) == 50
    with site.colleague("Bob", (Role.CLERK, "corner")) as clerk:
        assert clerk.get("/campaigns/corner/_messages").status_code == 403
    with httpx.Client(base_url=site.url, timeout=60) as nobody:
        assert 'name="key"' in nobody.get("/campaigns/corner/_messages").text
