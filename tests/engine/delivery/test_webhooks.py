"""SMS and the shop's app by a gateway: signed as Standard Webhooks has it, under one id, until it is taken or late."""

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
from engine.delivery.webhooks import APP_VARIABLE, VARIABLE, read_secret, sign_call
from engine.errors import OperatorError
from engine.storage.database import Database
from engine.storage.models.vouchers import DeliveryTable
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.channels import Routing, Windows, fail, hand_over_late, take
from engine.vocabulary import Channel, DeliveryReason, DeliveryState
from tests.engine.delivery.phones import KEY, Words, issue_on, shopper_with
from tests.engine.storage.scenes import NOW, STORE, campaign
from tests.push_services import PushService

SECRET = bytes(range(24))


BY_GATEWAY = (Channel.SMS, Channel.APP)


def _step(db: Database, gateway: PushService, channel: Channel = Channel.SMS) -> list[float]:
    """One look of a dispatcher whose only side is the gateway of this channel; what it slept."""
    now, slept = [NOW], []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    async def run() -> None:
        client = httpx.AsyncClient(verify=_tls(gateway.ca_file), timeout=60.0)
        poster = Poster(client, clock=lambda: now[0], sleep=sleep)
        side = GatewaySide(f"https://{gateway.host}/hook", SECRET, poster)
        sides = Sides(gateway=side) if channel is Channel.SMS else Sides(app=side)
        desk = Dispatcher(db, DeliveryConfig(), sides, Words(), KEY, clock=lambda: now[0])
        await desk.step()
        await desk.wait_settled()
        await sides.close()

    asyncio.run(run())
    return slept


@pytest.mark.parametrize("channel", BY_GATEWAY)
def test_a_gateway_is_called_until_it_takes_it_under_one_id(db: Database, tmp_path: Path, channel: Channel) -> None:
    put_campaign(db, STORE, campaign(ttl_s=120.0))
    issue_on(db, shopper_with(db, channel), [channel])
    with PushService(tmp_path) as gateway:
        gateway.answers = [(503, {"Retry-After": "9"})]
        assert _step(db, gateway, channel) == [9.0]
        first, second = gateway.called
    headers, body = second
    assert first[0]["webhook-id"] == headers["webhook-id"]
    assert int(headers["webhook-timestamp"]) == int(NOW) + 9
    said = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    mac = base64.b64encode(hmac.digest(SECRET, said, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert read_ack_token(KEY, json.loads(body)["token"]) == (1, channel)


def test_what_a_gateway_refuses_is_given_back(db: Database, tmp_path: Path) -> None:
    put_campaign(db, STORE, campaign(ttl_s=120.0))
    issue_on(db, shopper_with(db, Channel.SMS), [Channel.SMS])
    with PushService(tmp_path) as gateway:
        gateway.answers = [(400, {})]
        assert _step(db, gateway) == []
    with db.read() as session:
        row = session.exec(select(DeliveryTable)).one()
    assert (row.state, row.reason) == (DeliveryState.EXPIRED, DeliveryReason.WEBHOOK_REFUSED)


def test_one_channel_has_it_at_a_time(db: Database, tmp_path: Path) -> None:
    """The app's gateway knows no app of hers: SMS has it only then; what the app took, SMS never has."""
    put_campaign(db, STORE, campaign(ttl_s=120.0))
    routing = Routing(Windows(), frozenset({Channel.PAGE, *BY_GATEWAY}))
    for name in ("taken", "unknown"):
        issue_on(db, shopper_with(db, Channel.PAGE, *BY_GATEWAY), [Channel.PAGE, Channel.APP, Channel.SMS], name=name)
    assert hand_over_late(db, NOW + 4, set(), routing) == 2
    assert take(db, Channel.SMS, NOW + 4, routing) == []
    taken, unknown = take(db, Channel.APP, NOW + 4, routing)
    fail(db, unknown.row.delivery.delivery_id, Channel.APP, DeliveryReason.WEBHOOK_REFUSED, NOW + 5, routing)
    assert hand_over_late(db, NOW + 60, set(), routing) == 0
    left = {m.row.delivery.delivery_id for m in take(db, Channel.SMS, NOW + 60, routing)}
    assert taken.row.delivery.delivery_id not in left
    assert left == {unknown.row.delivery.delivery_id}


def test_what_the_app_may_have_shown_goes_nowhere_else(db: Database) -> None:
    put_campaign(db, STORE, campaign(ttl_s=120.0))
    routing = Routing(Windows(), frozenset({Channel.PAGE, *BY_GATEWAY}))
    issue_on(db, shopper_with(db, Channel.PAGE, *BY_GATEWAY), [Channel.APP, Channel.SMS])
    [sent] = take(db, Channel.APP, NOW + 1, routing)
    fail(db, sent.row.delivery.delivery_id, Channel.APP, DeliveryReason.WEBHOOK_UNREACHABLE, NOW + 60, routing)
    assert take(db, Channel.SMS, NOW + 61, routing) == []
    with db.read() as session:
        assert session.exec(select(DeliveryTable.state)).one() == DeliveryState.EXPIRED


def test_offers_in_the_app_need_their_own_consent(db: Database) -> None:
    put_campaign(db, STORE, campaign(ttl_s=120.0))
    routing = Routing(Windows(), frozenset({Channel.PAGE, *BY_GATEWAY}))
    issue_on(db, shopper_with(db, Channel.PAGE, Channel.SMS), [Channel.PAGE, Channel.APP, Channel.SMS])
    assert hand_over_late(db, NOW + 4, set(), routing) == 1
    assert take(db, Channel.APP, NOW + 4, routing) == []
    assert len(take(db, Channel.SMS, NOW + 4, routing)) == 1


def test_the_example_of_standard_webhooks() -> None:
    """Id, timestamp, body and signature as its specification's libraries are tested with."""
    secret = read_secret({VARIABLE: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
    body, headers = sign_call(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330.0, {"test": 2432232314})
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
    app = DeliveryConfig(app_url="https://app.example/hook")
    with pytest.raises(OperatorError, match=r"delivery\.app_url needs its signing secret"):
        check_channels(Config(delivery=app), {APP_VARIABLE: secret}, "config.yaml")
