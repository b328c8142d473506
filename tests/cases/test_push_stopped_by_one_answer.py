"""One answer with a Retry-After of years stopped push to a whole push service until somebody restarted Rayon.

Input: 429 with 999999999 seconds, with a date in 2099, with "²" (a digit to Python, and no number), and a message that
the sender itself fails at. Right: the host is tried again within minutes, and each attempt ends, so that the next
channel has the message.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlmodel import select

from engine.config import DeliveryConfig
from engine.delivery.dispatch import Dispatcher, PushSide, Sides
from engine.delivery.senders import LONGEST_HOLD_S, Call, Poster
from engine.delivery.web_push import retry_after_s
from engine.storage.database import Database
from engine.storage.models.vouchers import DeliveryTable
from engine.storage.vouchers.campaigns import put_campaign
from engine.vocabulary import Channel, DeliveryReason, DeliveryState
from tests.engine.delivery.phones import KEY, Words, issue_on, keep_browser, shopper_with
from tests.engine.storage.scenes import NOW, STORE, campaign

AGES = [b"999999999", b"9" * 400, b"Wed, 01 Jan 2098 00:00:00 GMT"]
URL = "https://push.example/x"


class Clock:
    """Moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = NOW

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def poster(clock: Clock, answers: list[httpx.Response]) -> Poster:
    transport = httpx.MockTransport(lambda _: answers.pop(0) if answers else httpx.Response(201))
    client = httpx.AsyncClient(transport=transport)
    return Poster(client, clock=lambda: clock.now, sleep=clock.sleep)


def call(ends_at: float) -> Call:
    return Call(URL, ends_at, lambda now: (b"", {}))


@pytest.mark.parametrize("asked", AGES)
def test_a_host_is_tried_again_within_minutes(asked: bytes) -> None:
    async def run() -> list[int]:
        clock = Clock()
        sender = poster(clock, [httpx.Response(429, headers=[(b"Retry-After", asked)])])
        first = await sender.post(call(NOW + 120))
        meanwhile = await sender.post(call(clock.now + 120))
        clock.now += LONGEST_HOLD_S
        return [first.status, meanwhile.status, (await sender.post(call(clock.now + 120))).status]

    assert asyncio.run(run()) == [429, 429, 201]


@pytest.mark.parametrize("said", ["²", "٣", "１２", "1²", "-5", "", " "])
def test_what_is_no_number_is_no_wait(said: str) -> None:
    assert retry_after_s(said, NOW) is None


def test_an_odd_byte_ends_the_attempt_like_any_busy_answer() -> None:
    async def run() -> int:
        sender = poster(Clock(), [httpx.Response(429, headers=[(b"Retry-After", "²".encode("latin-1"))])])
        return (await sender.post(call(NOW + 120))).status

    assert asyncio.run(run()) == 201


def test_a_fault_of_the_sender_hands_the_message_over(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: Any) -> Any:
        raise KeyError("texts")

    put_campaign(db, STORE, campaign(ttl_s=120.0, budget={"max_vouchers": 5}))
    shopper = shopper_with(db, Channel.PUSH)
    keep_browser(db, shopper)
    issue_on(db, shopper, [Channel.PUSH])
    monkeypatch.setattr(Words, "push", faulty)

    async def run() -> None:
        push = PushSide(lambda: [], "mailto:it@example.org", poster(Clock(), []))
        desk = Dispatcher(db, DeliveryConfig(), Sides(push), Words(), KEY, clock=lambda: NOW)
        await desk.step()
        await desk.wait_settled()

    asyncio.run(run())
    with db.read() as session:
        row = session.exec(select(DeliveryTable)).one()
    assert (row.state, row.reason) == (DeliveryState.EXPIRED, DeliveryReason.SEND_FAULT)
