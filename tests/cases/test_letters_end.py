"""A letter said "to be used before 00:08", the end of the message; the page behind its link 04:06, the voucher's end.

Right: the letter says until when the coupon can be used. And one word for one thing: "coupon", never "bon".
"""

from __future__ import annotations

from pathlib import Path

import yaml

from api.context import AppContext
from api.shoppers.messages import Messages, use_by
from api.texts import catalogue
from engine.config import Config
from engine.records import Delivery
from engine.storage.database import open_database
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.vouchers.channels import Outgoing
from engine.storage.vouchers.outbox import OutboxRow
from engine.vocabulary import Channel, DeliveryState
from tests.api.site import SECRETS, small_plan
from tests.databases import new_sqlite

ISSUED = 1_780_000_000.0  # 2026-05-28 20:26:40 UTC, 22:26 in Paris
PAYLOAD = {
    "voucher_id": "v" * 24,
    "campaign_id": "tea-20",
    "store": "corner",
    "texts": {"fr": {"title": "Le thé vert", "text": "En rayon."}, "en": {"title": "Green tea", "text": "Here."}},
    "offer": {"kind": "percent", "applies_to": "product", "sku": "tea-1", "basis_points": 2000},
    "place": {"product": "tea-1"},
    "currency": "EUR",
    "issued_at": ISSUED,
    "expires_at": ISSUED + 4 * 3600.0,
    "why": {"near_for_s": 9.0, "asked": False},
}


def test_a_letter_says_until_when_the_coupon_can_be_used(tmp_path: Path) -> None:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    ctx = AppContext(Config(), db, SECRETS, {"corner": small_plan()})
    delivery = Delivery(1, "v" * 24, "s", Channel.EMAIL, ISSUED, ISSUED + 120.0, DeliveryState.PENDING, ISSUED)
    message = Outgoing(OutboxRow(delivery, "corner", PAYLOAD), "visit", ISSUED + 120.0)
    reader = ShopperProfile("s", "m", "corner", None, "a@example.org", "fr", ISSUED, frozenset())
    letter = Messages(ctx).letter(message, reader, "t")
    db.close()
    assert "À utiliser avant le 29\xa0mai, 02:26" in letter.text
    assert "22:28" not in letter.text + letter.html
    assert "Ouvrir mon coupon" in letter.html


def test_a_day_that_is_not_today_is_said() -> None:
    end = ISSUED + 4 * 3600.0  # 02:26 in Paris
    assert use_by(end, ISSUED, "Europe/Paris", "en") == "To be used before 02:26 on 29\xa0May"
    assert use_by(end, end - 3600.0, "Europe/Paris", "en") == "To be used before 02:26"
    assert use_by(end + 365 * 86_400.0, end, "Europe/Paris", "fr") == "À utiliser avant le 29\xa0mai\xa02027, 02:26"


def test_a_coupon_has_one_name() -> None:
    texts = yaml.safe_load((Path(catalogue.__file__).parent / "fr.yaml").read_text(encoding="utf-8"))
    said = yaml.safe_dump({**texts["messages"], "m": texts["board"]["messages"]}, allow_unicode=True)
    assert "coupon" in said
    assert not {"bon", "bons"} & set(said.replace('"', " ").replace("'", " ").split())
