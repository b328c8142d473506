"""SMS by a gateway: signed as Standard Webhooks has it, under one id, until it is taken or too late."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from engine.config import Config, DeliveryConfig
from engine.delivery.dispatch import Dispatcher, GatewaySide, Sides
from engine.delivery.opening import _tls, check_channels
from engine.delivery.senders import Poster
from engine.delivery.tokens import read_ack_token
from engine.delivery.webhooks import VARIABLE, read_secret, signed
from engine.errors import OperatorError
from engine.storage.database import Database
from engine.storage.models.vouchers import DeliveryTable
from engine.storage.vouchers.campaigns import put_campaign
from engine.vocabulary import Channel, DeliveryReason, DeliveryState
from tests.engine.delivery.phones import KEY, Words, issue_on, shopper_with
from tests.engine.storage.scenes import NOW, STORE, campaign
from tests.push_services import PushService

SECRET = bytes(range(24))


def _step(db: Database, gateway: PushService) -> list[float]:
    """One look of a dispatcher whose only side is the gateway; what it slept."""
    now, slept = [NOW], []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    async def run() -> None:
        client = httpx.AsyncClient(verify=_tls(gateway.ca_file))
        poster = Poster(client, clock=lambda: now[0], sleep=sleep)
        sides = Sides(gateway=GatewaySide(f"https://{gateway.host}/hook", SECRET, poster))
        desk = Dispatcher(db, DeliveryConfig(), sides, Words(), KEY, clock=lambda: now[0])
        await desk.step()
        await desk.settled()
        await sides.close()

    asyncio.run(run())
    return slept


def test_a_gateway_is_called_until_it_takes_it_under_one_id(db: Database, tmp_path: Path) -> None:
    put_campaign(db, STORE, campaign(ttl_s=120.0))
    issue_on(db, shopper_with(db, Channel.SMS), [Channel.SMS])
    with PushService(tmp_path) as gateway:
        gateway.answers = [(503, {"Retry-After": "9"})]
        assert _step(db, gateway) == [9.0]
        first, second = gateway.called
    headers, body = second
    assert first[0]["webhook-id"] == headers["webhook-id"]
    assert int(headers["webhook-timestamp"]) == int(NOW) + 9
    said = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    mac = base64.b64encode(hmac.digest(SECRET, said, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert read_ack_token(KEY, json.loads(body)["token"]) == (1, Channel.SMS)


def test_what_a_gateway_refuses_is_given_back(db: Database, tmp_path: Path) -> None:
    put_campaign(db, STORE, campaign(ttl_s=120.0))
    issue_on(db, shopper_with(db, Channel.SMS), [Channel.SMS])
    with PushService(tmp_path) as gateway:
        gateway.answers = [(400, {})]
        assert _step(db, gateway) == []
    with db.read() as session:
        row = session.exec(select(DeliveryTable)).one()
    assert (row.state, row.reason) == (DeliveryState.EXPIRED, DeliveryReason.WEBHOOK_REFUSED)


def test_the_example_of_standard_webhooks() -> None:
    """Id, timestamp, body and signature as its specification's libraries are tested with."""
    secret = read_secret({VARIABLE: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
    body, headers = signed(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330.0, {"test": 2432232314})
    assert body == b'{"test":2432232314}'
    said = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + body
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(secret, said, "sha256")).decode()


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_é"])
def test_without_a_good_secret_nothing_starts(secret: str, tmp_path: Path) -> None:
    missing = tmp_path / "none.pem"
    delivery = DeliveryConfig(webhook_url="https://gateway.example/hook", push_ca_file=missing)
    with pytest.raises(OperatorError) as refused:
        check_channels(Config(delivery=delivery), {VARIABLE: secret}, "config.yaml")
    assert {problem.place for problem in refused.value.problems} == {"delivery.push_ca_file", VARIABLE}
