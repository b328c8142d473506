"""Takes messages from channel to channel and gives them out: push, e-mail, webhook; the page has a hub of its own.

What a message says in its reader's language is the caller's business (`Wording`): this room knows no sentences.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from engine.config import DeliveryConfig
from engine.delivery import web_push, webhooks
from engine.delivery.mail import Mailer
from engine.delivery.patience import growing_pauses
from engine.delivery.push_services import NotAPushService, endpoint_host
from engine.delivery.senders import Call, Poster, Sent
from engine.delivery.tokens import ack_token
from engine.errors import NotFound, StorageUnavailable
from engine.privacy.consent import allows
from engine.storage.clerks.due import look_for_due
from engine.storage.clerks.pickups import Pickup, take_untold
from engine.storage.database import Database
from engine.storage.messages.decisions import Telling, decide_waiting
from engine.storage.messages.outgoing import OutgoingMessage, hand_to_next, take_messages
from engine.storage.people.shoppers import ShopperProfile, get_shopper
from engine.storage.sending.letters import DELIVERY, MESSAGE, Letter
from engine.storage.sending.subscriptions import Subscription, drop_unwanted, forget_endpoint, subscriptions_of
from engine.storage.sending.vapid_keys import PushKey
from engine.storage.vouchers import channels
from engine.storage.vouchers.channels import Outgoing, Routing
from engine.vocabulary import Channel, DeliveryReason, Purpose

log = logging.getLogger("rayon.delivery")

POLL_S = 0.2
BACK_OFF_MAX_S = 10.0
ANNOUNCED_S = 300.0
"""For so long the way to an order that waits is worth a notification."""


class Wording(Protocol):
    """What messages say."""

    def push(self, message: Outgoing, reader: ShopperProfile, token: str) -> dict[str, Any]:
        """The content of a notification; nothing of the person in it."""

    def letter(self, message: Outgoing, reader: ShopperProfile, token: str) -> Letter:
        """The same as an e-mail."""

    def pickup(self, pickup: Pickup, reader: ShopperProfile) -> dict[str, Any]:
        """The content of a notification about an order that waits, for who has come in."""

    def tell(self, message: OutgoingMessage, reader: ShopperProfile) -> dict[str, Any]:
        """The content of a notification that is no coupon."""

    def tell_by_letter(self, message: OutgoingMessage, reader: ShopperProfile) -> Letter:
        """The same as an e-mail."""

    def tell_by_gateway(self, message: OutgoingMessage, reader: ShopperProfile) -> dict[str, Any]:
        """What the gateway of the shop's own app is told."""

    def mailbox(self, reader: ShopperProfile) -> str | None:
        """Where a reader gets e-mail: a mailbox that they have proved. None where there is none. Blocks."""

    def by_gateway(self, message: Outgoing, reader: ShopperProfile, token: str, channel: Channel) -> dict[str, Any]:
        """What a gateway is told, that of SMS or that of the shop's own app."""


@dataclass(frozen=True, slots=True)
class PushSide:
    """What push needs. `contact` is whom push services may write to."""

    keys: Callable[[], list[PushKey]]
    contact: str
    poster: Poster


@dataclass(frozen=True, slots=True)
class GatewaySide:
    """What a gateway needs, that of SMS or that of the shop's own app."""

    url: str
    secret: bytes = field(repr=False)
    poster: Poster


@dataclass(frozen=True, slots=True)
class Sides:
    """The channels that the site has, beside the page."""

    push: PushSide | None = None
    mailer: Mailer | None = None
    gateway: GatewaySide | None = None
    app: GatewaySide | None = None

    def live(self) -> tuple[Channel, ...]:
        """All of them, best first."""
        has = {
            Channel.PUSH: self.push,
            Channel.APP: self.app,
            Channel.EMAIL: self.mailer,
            Channel.SMS: self.gateway,
        }
        return (Channel.PAGE, *(channel for channel, side in has.items() if side is not None))

    async def close(self) -> None:
        """Closes every connection."""
        for side in (self.push, self.gateway, self.app):
            if side is not None:
                await side.poster.aclose()


class Dispatcher:
    """Runs in every process that delivers; the database gives each message to one of them."""

    def __init__(
        self,
        db: Database,
        config: DeliveryConfig,
        sides: Sides,
        wording: Wording,
        key: bytes,
        *,
        is_open: Callable[[Channel, str, float], bool] = lambda channel, store, now: True,
        with_page: Callable[[], Collection[str]] = lambda: (),
        count: Callable[[Channel, str], None] = lambda channel, outcome: None,
        telling: Telling | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._db, self._config, self._sides, self._wording, self._key = db, config, sides, wording, key
        self._with_page, self._count, self._clock, self._telling = with_page, count, clock, telling
        windows = channels.Windows(config.page_s, push_s=config.push_s)
        self.routing = Routing(windows, frozenset(sides.live()), is_open, count)
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Looks five times a second until cancelled. A database that is away is tried again with growing pauses."""
        patiently = growing_pauses("dispatch", 2 * POLL_S, BACK_OFF_MAX_S, sleep=sleep)
        try:
            while True:
                await patiently(self.step)
                await sleep(POLL_S)
        finally:
            for task in self._under_way:
                task.cancel()

    async def step(self) -> None:
        """Hands over what is late and begins to send what is due. Raises StorageUnavailable."""
        now = self._clock()
        due = await asyncio.to_thread(look_for_due, self._db, now, wait_s=self._config.page_s)
        if due.arrived:
            for who, pickup in await asyncio.to_thread(take_untold, self._db, now, wait_s=self._config.page_s):
                self._begin(self._announce(who, pickup, now + ANNOUNCED_S))
        if self._telling is not None and due.waited:
            await asyncio.to_thread(decide_waiting, self._db, self._telling, now)
        if self._telling is not None and (due.waited or due.messages):
            for told in await asyncio.to_thread(take_messages, self._db, self.routing.live, now):
                self._begin(self._tell(told))
        if not due.coupons:
            return
        await asyncio.to_thread(channels.hand_over_late, self._db, now, self._with_page(), self.routing)
        for message in await asyncio.to_thread(channels.take_retractions, self._db, now):
            self._begin(self._retract(message))
        senders: Mapping[Channel, Callable[[Outgoing], Awaitable[DeliveryReason | None]]] = {
            Channel.PUSH: self._push,
            Channel.EMAIL: self._mail,
            Channel.SMS: self._call_gateway,
            Channel.APP: self._call_gateway,
        }
        for channel, send in senders.items():
            for message in await asyncio.to_thread(channels.take, self._db, channel, now, self.routing):
                self._begin(self._send(message, channel, send))

    async def wait_settled(self) -> None:
        """Until everything begun is over."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._note_end)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a message was not sent", exc_info=error)

    async def _send(
        self, message: Outgoing, channel: Channel, send: Callable[[Outgoing], Awaitable[DeliveryReason | None]]
    ) -> None:
        reason = await self._try(message, channel, send)
        self._count(channel, reason or "sent")
        if reason is not None:
            number = message.row.delivery.delivery_id
            await asyncio.to_thread(channels.fail, self._db, number, channel, reason, self._clock(), self.routing)

    async def _try(
        self, message: Outgoing, channel: Channel, send: Callable[[Outgoing], Awaitable[DeliveryReason | None]]
    ) -> DeliveryReason | None:
        """Every attempt ends with a reason or none, so that the next channel has its turn at once."""
        try:
            return await send(message)
        except StorageUnavailable:
            raise  # nothing can be written down now; the message is handed over once it is late
        except Exception as fault:
            log.error("a message by %s met a fault; its next channel has it now", channel, exc_info=fault)
            return DeliveryReason.SEND_FAULT

    async def _push(self, message: Outgoing) -> DeliveryReason | None:
        """To the browser that was seen last; to the one before where that is gone."""
        reader = await self._reader(message)
        if reader is None:
            return DeliveryReason.WITHDRAWN
        token = ack_token(self._key, message.row.delivery.delivery_id, Channel.PUSH)
        content = {**self._wording.push(message, reader, token), "tag": self._topic(message)}
        sent = await self._push_to(reader.shopper_id, content, self._topic(message), message.ends_at)
        if sent is None:
            return DeliveryReason.NO_SUBSCRIPTION
        if sent.taken:
            return None
        if sent.gone:
            return DeliveryReason.PUSH_GONE
        if sent.busy:
            return DeliveryReason.PUSH_BUSY
        return DeliveryReason.PUSH_REFUSED if 0 < sent.status < 500 else DeliveryReason.PUSH_UNREACHABLE

    async def _retract(self, message: Outgoing) -> None:
        """The same topic again, and the phone closes what it shows. Then nothing is known of a phone unwanted."""
        who = message.row.delivery.shopper_id
        content = {"kind": "withdrawn", "tag": self._topic(message)}
        sent: Sent | None = None
        try:
            sent = await self._push_to(who, content, self._topic(message), self._clock() + self._config.push_s)
        except StorageUnavailable:
            raise
        except Exception as fault:  # what was agreed to is over all the same
            log.error("a push could not be taken back", exc_info=fault)
        self._count(Channel.PUSH, "retracted" if sent is not None and sent.taken else "not_retracted")
        await asyncio.to_thread(drop_unwanted, self._db, who)

    async def _announce(self, shopper_id: str, pickup: Pickup, ends_at: float) -> None:
        """The way to an order that waits, to a phone whose shopper agreed to notifications; the page has it anyway."""
        try:
            reader = await asyncio.to_thread(get_shopper, self._db, shopper_id)
        except NotFound:  # erased meanwhile
            return
        if not allows(reader.grants, Purpose.LOCATION_OFFERS, Channel.PUSH):
            return
        topic = web_push.topic_of(self._key, pickup.store, "pickup", pickup.order_id)
        content = {**self._wording.pickup(pickup, reader), "tag": topic}
        sent = await self._push_to(shopper_id, content, topic, ends_at)
        self._count(Channel.PUSH, "sent" if sent is not None and sent.taken else DeliveryReason.NO_SUBSCRIPTION)

    async def _tell(self, message: OutgoingMessage) -> None:
        """A message that is no coupon, on the channel that was decided; the next has it where that fails."""
        taken = False
        try:
            reader = await asyncio.to_thread(get_shopper, self._db, message.shopper_id)
            taken = await self._tell_by[message.channel](self, message, reader)
        except NotFound:  # erased meanwhile
            return
        except StorageUnavailable:
            raise
        except Exception as fault:
            log.error("a message by %s met a fault; its next channel has it now", message.channel, exc_info=fault)
        self._count(message.channel, "sent" if taken else DeliveryReason.NOT_SHOWN)
        if not taken:
            await asyncio.to_thread(hand_to_next, self._db, message.message_id, self._clock())

    async def _tell_push(self, message: OutgoingMessage, reader: ShopperProfile) -> bool:
        topic = web_push.topic_of(self._key, message.store, "message", message.message_id)
        content = {**self._wording.tell(message, reader), "tag": topic}
        sent = await self._push_to(reader.shopper_id, content, topic, message.until)
        return sent is not None and sent.taken

    async def _tell_mail(self, message: OutgoingMessage, reader: ShopperProfile) -> bool:
        mailer = self._sides.mailer
        mailbox = await asyncio.to_thread(self._wording.mailbox, reader)
        if mailer is None or mailbox is None:
            return False
        letter = self._wording.tell_by_letter(message, replace(reader, email=mailbox))
        key, who = f"{MESSAGE}{message.message_id}", reader.shopper_id
        post = partial(mailer.post, letter, key, self._clock(), shopper_id=who, expires_at=message.until)
        await asyncio.to_thread(post)
        return True

    async def _tell_app(self, message: OutgoingMessage, reader: ShopperProfile) -> bool:
        side = self._sides.app
        if side is None:
            return False
        body = self._wording.tell_by_gateway(message, reader)

        def dress(now: float) -> tuple[bytes, dict[str, str]]:
            return webhooks.sign_call(side.secret, f"message-{message.message_id}", now, body)

        return (await side.poster.post(Call(side.url, message.until, dress))).taken

    _tell_by: Mapping[Channel, Callable[..., Awaitable[bool]]] = {
        Channel.PUSH: _tell_push,
        Channel.EMAIL: _tell_mail,
        Channel.APP: _tell_app,
    }

    async def _push_to(self, shopper_id: str, content: Mapping[str, Any], topic: str, ends_at: float) -> Sent | None:
        side = self._sides.push
        if side is None:
            return None
        last: Sent | None = None
        keys = {key.key_id: key for key in await asyncio.to_thread(side.keys)}
        for to in await asyncio.to_thread(subscriptions_of, self._db, shopper_id):
            key = keys.get(to.key_id)
            if key is None or not self._is_service(to):  # signed by no key we have, or no longer configured
                last = Sent(410)
            else:
                last = await side.poster.post(self._call(to, key, side.contact, content, topic, ends_at))
            if not last.gone:
                return last
            await asyncio.to_thread(forget_endpoint, self._db, to.subscription_id)
        return last

    def _call(
        self,
        to: Subscription,
        key: PushKey,
        contact: str,
        content: Mapping[str, Any],
        topic: str,
        ends_at: float,
    ) -> Call:
        def dress(now: float) -> tuple[bytes, dict[str, str]]:
            return web_push.encrypt(content, to), web_push.headers(to, key, contact, ends_at - now, topic, now)

        return Call(to.endpoint, ends_at, dress)

    def _is_service(self, to: Subscription) -> bool:
        try:
            endpoint_host(to.endpoint, self._config.push_hosts)
        except NotAPushService:
            return False
        return True

    def _topic(self, message: Outgoing) -> str:
        return web_push.topic_of(
            self._key, message.row.store, str(message.row.payload["campaign_id"]), message.visit_id
        )

    async def _mail(self, message: Outgoing) -> DeliveryReason | None:
        """Written into the mailer's own outbox, once; it is dropped there when it is late."""
        reader, mailer = await self._reader(message), self._sides.mailer
        if reader is None or mailer is None:
            return DeliveryReason.NO_ADDRESS
        mailbox = await asyncio.to_thread(self._wording.mailbox, reader)
        if mailbox is None:
            return DeliveryReason.NO_ADDRESS
        reader = replace(reader, email=mailbox)
        delivery = message.row.delivery
        letter = self._wording.letter(message, reader, ack_token(self._key, delivery.delivery_id, Channel.EMAIL))
        try:
            await asyncio.to_thread(
                mailer.post,
                letter,
                f"{DELIVERY}{delivery.delivery_id}",
                self._clock(),
                shopper_id=reader.shopper_id,
                expires_at=message.ends_at,
            )
        except ValueError as error:
            log.info("delivery %d: %s", delivery.delivery_id, error)
            return DeliveryReason.NO_ADDRESS
        return None

    async def _call_gateway(self, message: Outgoing) -> DeliveryReason | None:
        channel = message.row.delivery.channel
        reader, side = await self._reader(message), self._sides.app if channel == Channel.APP else self._sides.gateway
        if reader is None or side is None:
            return DeliveryReason.WITHDRAWN
        number = message.row.delivery.delivery_id
        body = self._wording.by_gateway(message, reader, ack_token(self._key, number, channel), channel)

        def dress(now: float) -> tuple[bytes, dict[str, str]]:
            return webhooks.sign_call(side.secret, f"delivery-{number}", now, body)

        sent = await side.poster.post(Call(side.url, message.ends_at, dress))
        if sent.taken:
            return None
        refused = 0 < sent.status < 500 and not sent.busy
        return DeliveryReason.WEBHOOK_REFUSED if refused else DeliveryReason.WEBHOOK_UNREACHABLE

    async def _reader(self, message: Outgoing) -> ShopperProfile | None:
        try:
            return await asyncio.to_thread(get_shopper, self._db, message.row.delivery.shopper_id)
        except NotFound:  # erased meanwhile
            return None
