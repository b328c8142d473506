"""The e-shop is asked under one name until it takes a request, signed so that the public library believes it."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from engine.commerce.stock import Article
from engine.config import Config, DeliveryConfig
from engine.delivery.opening import check_channels, open_orders
from engine.delivery.orders import OrderSender
from engine.delivery.webhooks import ORDERS_VARIABLE
from engine.errors import OperatorError
from engine.privacy.identifiers import seal_value
from engine.privacy.secrets import Secrets
from engine.storage.database import Database
from engine.storage.models.identity import IdentifierTable
from engine.storage.ordering.asked import OrderWish, ask_order, orders_of
from engine.storage.ordering.outbox import FIRST_PAUSE_S
from engine.vocabulary import AskedState, OrderWay
from tests.engine.storage.scenes import STORE, shopper
from tests.push_services import PushService

SECRETS = Secrets(b"0123456789abcdef0123456789abcdef", "m", "t")
SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
NOW = 1_790_000_000.0


def wanted(db: Database, now: float = NOW) -> tuple[str, str]:
    """(shopper, request) of somebody who has proved a mailbox."""
    who = shopper(db).shopper_id
    sealed = seal_value(SECRETS, "jeanne@example.com")
    with db.write() as session:
        session.add(IdentifierTable(kind="email", digest="e" * 64, shopper_id=who, sealed=sealed, verified_at=now))
    return who, ask_order(db, who, OrderWish(STORE, Article("COAT"), OrderWay.HOME), now).request_id


def sender(db: Database, eshop: PushService) -> OrderSender:
    delivery = DeliveryConfig(orders_url=f"https://{eshop.host}/hook", orders_ca_file=eshop.ca_file)
    made = open_orders(Config(delivery=delivery), db, SECRETS, {ORDERS_VARIABLE: SECRET})
    assert made is not None
    return made


def test_a_busy_e_shop_is_asked_again_under_the_same_name(db: Database, tmp_path: Path) -> None:
    now = time.time()  # by the library's own clock no call is older than five minutes
    who, request = wanted(db, now)
    with PushService(tmp_path) as eshop:
        asks = sender(db, eshop)
        eshop.answers = [(401, {}), (503, {})]
        taken = [asks.send_due(now + after) for after in (0.0, 1.0, 2 * FIRST_PAUSE_S, 6 * FIRST_PAUSE_S, 60.0)]
    assert taken == [0, 0, 0, 1, 0]
    assert {headers["webhook-id"] for headers, _ in eshop.called} == {request}
    said = [Webhook(SECRET).verify(body, dict(headers)) for headers, body in eshop.called]
    assert [one["data"]["customer"] for one in said] == [{"email": "jeanne@example.com"}] * 3
    assert [one.state for one in orders_of(db, who, now)] == [AskedState.TAKEN]


def test_an_e_shop_that_is_away_holds_up_nobody(db: Database, tmp_path: Path) -> None:
    who, _ = wanted(db)
    with PushService(tmp_path) as eshop:
        asks = sender(db, eshop)
    assert asks.send_due(NOW) == 0
    assert [one.state for one in orders_of(db, who, NOW)] == [AskedState.ASKED]


def test_a_site_without_its_secret_does_not_start(db: Database) -> None:
    config = Config(delivery=DeliveryConfig(orders_url="https://shop.example.org/hook"))
    with pytest.raises(OperatorError, match="RAYON_ORDERS_SECRET"):
        check_channels(config, {}, "config.yaml")
    assert open_orders(Config(), db, SECRETS, {}) is None
