"""What a coupon says on its way to a phone, an inbox or an SMS gateway, in its reader's language.

Nothing of the person is in it, nor the code: who opens the message gets that from the server, as long as it holds.
"""

from __future__ import annotations

import time
from typing import Any

from api.context import AppContext
from api.pages import LetterLink, render_letter
from api.shoppers.coupons.cards import was_asked, was_mailed, why
from api.texts.catalogue import words
from api.texts.language import Language, in_language, language_of
from api.texts.money import badge, least
from api.texts.times import clock, near_date, short_date
from api.texts.warnings import health_warning
from api.times import rfc3339
from engine.delivery.tokens import PURPOSE, unsubscribe_token
from engine.errors import NotFound
from engine.plan.pickup_places import pickup_place
from engine.privacy.identifiers import normalise, open_value
from engine.storage.clerks.pickups import Pickup
from engine.storage.messages.outgoing import OutgoingMessage
from engine.storage.people.identifiers import identifiers_of
from engine.storage.people.shoppers import ShopperProfile, get_shopper
from engine.storage.sending.letters import Letter
from engine.storage.sending.marks import marked_mailboxes
from engine.storage.vouchers.channels import Outgoing
from engine.vocabulary import Channel, IdentifierKind

DAY_S = 86_400.0


class Messages:
    """The site's wording of messages."""

    def __init__(self, ctx: AppContext) -> None:
        self._ctx = ctx

    def push(self, message: Outgoing, reader: ShopperProfile, token: str) -> dict[str, Any]:
        """What the service worker shows; `notice` is shown instead where the coupon is no longer worth showing."""
        lang = language_of(reader.locale)
        t, payload = words(lang), message.row.payload
        title, text = self._say(message, lang)
        return {
            "kind": "coupon",
            "lang": lang,
            "token": token,
            "title": title,
            "body": text,
            "url": f"/me?lang={lang}#{payload['voucher_id']}",
            "notice": {"title": self._store_name(message), "body": t.messages.over, "url": f"/me?lang={lang}"},
        }

    def pickup(self, pickup: Pickup, reader: ShopperProfile) -> dict[str, Any]:
        """That an order waits, and where. The code is on the page behind it alone."""
        lang = language_of(reader.locale)
        t, plan = words(lang), self._ctx.plans.get(pickup.store)
        place = None if plan is None else pickup_place(plan, pickup.place)
        kind, store = "anywhere" if place is None else place.category, pickup.store if plan is None else plan.name
        where = t.pickup_places[kind]
        body = t.pickup.waits.format(store=store, place=where)
        return {
            "kind": "pickup",
            "lang": lang,
            "title": t.coupon_changes["pickup"],
            "body": body,
            "url": f"/me?lang={lang}",
        }

    def tell(self, message: OutgoingMessage, reader: ShopperProfile) -> dict[str, Any]:
        """What the service worker shows of a message that is no coupon."""
        lang = language_of(reader.locale)
        title, text = self._say_told(message, lang)
        return {"kind": "told", "lang": lang, "title": title, "body": text, "url": f"/me?lang={lang}"}

    def tell_by_letter(self, message: OutgoingMessage, reader: ShopperProfile) -> Letter:
        """The same as an e-mail; whoever has had enough unsubscribes by one click."""
        lang = language_of(reader.locale)
        t, (title, text) = words(lang), self._say_told(message, lang)
        link, stop = (
            f"{self._ctx.public_url}/me?lang={lang}",
            unsubscribe_url(self._ctx, reader.shopper_id, Channel.EMAIL, lang),
        )
        lines = (title, text, f"{t.messages.open} {link}", f"{t.messages.why} {stop}")
        html = render_letter(
            lang, title, [text, LetterLink(link, t.messages.open_page), LetterLink(stop, t.messages.stop)]
        )
        return Letter(reader.email or "", title, "\n\n".join(lines), html, stop)

    def tell_by_gateway(self, message: OutgoingMessage, reader: ShopperProfile) -> dict[str, Any]:
        """What the gateway of the shop's own app is told."""
        lang = language_of(reader.locale)
        title, text = self._say_told(message, lang)
        return {
            "type": "message.told",
            "timestamp": rfc3339(time.time()),
            "data": {
                "shopper_id": reader.shopper_id,
                "channel": message.channel,
                "kind": message.kind,
                "lang": lang,
                "text": title,
                "detail": text,
                "expires_at": rfc3339(message.until),
                "unsubscribe": unsubscribe_url(self._ctx, reader.shopper_id, message.channel, lang),
            },
        }

    def _say_told(self, message: OutgoingMessage, lang: Language) -> tuple[str, str]:
        """(title, text) of a message that is no coupon."""
        t, said, plan = words(lang), message.words, self._ctx.plans.get(message.store)
        store, zone = (message.store, "UTC") if plan is None else (plan.name, plan.timezone)
        reward = in_language(said["reward"], lang) if said.get("reward") else ""
        values = {"store": store, "points": said.get("points", 0), "reward": reward}
        if "ends_at" in said:
            values["day"] = near_date(said["ends_at"], time.time(), zone, lang)
        return t.told_titles[message.kind].format(**values), t.told_texts[message.kind].format(**values)

    def letter(self, message: Outgoing, reader: ShopperProfile, token: str) -> Letter:
        """Text and HTML with one link; whoever has had enough unsubscribes by one click."""
        lang = language_of(reader.locale)
        t, name = words(lang), self._store_name(message)
        title, text = self._say(message, lang)
        plan = self._ctx.plans.get(message.row.store)
        zone = plan.timezone if plan else "UTC"  # the voucher's end, as the page behind the link has it
        until = use_by(message.row.payload["expires_at"], None, zone, lang)  # read who knows when
        link = f"{self._ctx.public_url}/c/{token}?lang={lang}"
        stop = unsubscribe_url(self._ctx, reader.shopper_id, Channel.EMAIL, lang)
        lines = (title, text, until, f"{t.messages.open} {link}", f"{t.messages.why} {stop}")
        html = render_letter(
            lang, title, [text, until, LetterLink(link, t.messages.open_link), LetterLink(stop, t.messages.stop)]
        )
        subject = t.messages.subject.format(store=name, title=title)
        return Letter(reader.email or "", subject, "\n\n".join(lines), html, stop)

    def mailbox(self, reader: ShopperProfile) -> str | None:
        """The address that the reader named, once they have proved it by a link; else one that they proved."""
        return proved_mailbox(self._ctx, reader)

    def by_gateway(self, message: Outgoing, reader: ShopperProfile, token: str, channel: Channel) -> dict[str, Any]:
        """What a gateway sends, to whom, until when, and where it says that it was shown, or that STOP came back."""
        lang = language_of(reader.locale)
        title, text = self._say(message, lang)
        url = f"{self._ctx.public_url}/c/{token}?lang={lang}"
        t = words(lang)
        store = self._store_name(message)
        if channel is Channel.SMS:
            said = t.messages.sms.format(store=store, title=title, url=url)
        else:
            said = t.messages.app.format(store=store, title=title, url=url)
        return {
            "type": "coupon.issued",
            "timestamp": rfc3339(message.row.delivery.created_at),
            "data": {
                "shopper_id": reader.shopper_id,
                "channel": channel,
                "lang": lang,
                "text": said,
                "detail": text,
                "expires_at": rfc3339(message.row.delivery.expires_at),
                "unsubscribe": unsubscribe_url(self._ctx, reader.shopper_id, channel, lang),
                "acknowledge": {"url": f"{self._ctx.public_url}/v1/push/ack", "token": token},
            },
        }

    def _say(self, message: Outgoing, lang: Language) -> tuple[str, str]:
        """(title with what comes off, text with why, and the warning where the law wants one)."""
        payload = message.row.payload
        plan = self._ctx.plans.get(payload["store"])
        text = in_language(payload["texts"], lang)
        asked, mailed = was_asked(payload), was_mailed(payload)
        reason = why(plan, payload["place"], payload["why"]["near_for_s"], lang, asked=asked, mailed=mailed)
        warning = health_warning(payload["offer"], plan, lang)
        title = f"{badge(payload['offer'], payload['currency'], lang)} · {text['title']}"
        condition = least(payload["offer"], payload["currency"], lang)
        return title, "\n".join(part for part in (text["text"], condition, reason, warning) if part)

    def _store_name(self, message: Outgoing) -> str:
        plan = self._ctx.plans.get(message.row.store)
        return plan.name if plan else message.row.store


def proved_mailbox(ctx: AppContext, shopper: ShopperProfile) -> str | None:
    """Anybody may name any address at a sign-in: coupons go only where a link was followed, and mail did not come
    back from."""
    found = [known for known in identifiers_of(ctx.db, shopper.shopper_id) if known.kind is IdentifierKind.EMAIL]
    over = marked_mailboxes(ctx.db, [known.digest for known in found])
    proved = [open_value(ctx.secrets, known.sealed) for known in found if known.digest not in over]
    named = normalise(IdentifierKind.EMAIL, shopper.email or "")
    return named if named in proved else next(iter(reversed(proved)), None)


def mailbox_of(ctx: AppContext, shopper_id: str) -> str:
    """The same by the profile's id; empty where nothing is proved, or nobody is there any more."""
    try:
        return proved_mailbox(ctx, get_shopper(ctx.db, shopper_id)) or ""
    except NotFound:  # erased meanwhile
        return ""


def unsubscribe_url(ctx: AppContext, shopper_id: str, channel: Channel, lang: Language) -> str:
    """Where one click, or one press of a button, ends messages on a channel; good for ever, without a sign-in."""
    token = unsubscribe_token(ctx.secrets.derive_key(PURPOSE), shopper_id, channel)
    return f"{ctx.public_url}/unsubscribe/{token}?lang={lang}"


def use_by(end: float, now: float | None, zone: str, lang: Language) -> str:
    """Until when a coupon can be used: the time alone where that is today, `now` (s UTC) being known."""
    t = words(lang)
    if now is not None and short_date(end, zone, lang) == short_date(now, zone, lang) and end - now < DAY_S:
        return t.messages.until.format(time=clock(end, zone))
    day = near_date(end, end if now is None else now, zone, lang)
    return t.messages.until_day.format(day=day, time=clock(end, zone))
