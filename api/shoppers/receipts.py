"""A receipt of what was agreed to and refused, in the words that were shown: by e-mail, or to download."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from api.context import AppContext
from api.notices import notice_of
from api.pages import render_letter
from api.shoppers.messages import proved_mailbox
from api.texts.catalogue import words
from api.texts.consents import wording
from api.texts.language import Language, language_of
from api.texts.times import moment
from engine.privacy.consent import Consent
from engine.privacy.identifiers import mailbox_digest
from engine.storage.people.shoppers import ShopperProfile, consent_log
from engine.storage.sending.letters import Letter
from engine.vocabulary import Channel, Purpose

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What it says: a subject, and lines."""

    subject: str
    lines: list[str]

    @property
    def text(self) -> str:
        """As plain text."""
        return "\n\n".join([self.subject, *self.lines]) + "\n"

    def html(self, lang: Language) -> str:
        """As the body of a letter."""
        return render_letter(lang, self.subject, self.lines)


def receipt_of(ctx: AppContext, shopper: ShopperProfile, lang: Language) -> Receipt:
    """The last word on every consent of this shopper, with its wording, place and time; and how to take it back."""
    t, plan = words(lang), ctx.plans.get(shopper.store)
    store, zone = (plan.name, plan.timezone) if plan else (shopper.store, "UTC")
    last = {(c.purpose, c.channel): c for c in consent_log(ctx.db, shopper.shopper_id)}
    lines = [_line(c, lang, zone) for c in last.values()]
    if (Purpose.LOCATION_OFFERS, Channel.EMAIL) in shopper.grants and proved_mailbox(ctx, shopper) is None:
        lines.append(t.receipt.prove.format(url=f"{ctx.public_url}/me/identity"))
    controller = notice_of(ctx, lang).controller
    back = [t.receipt.back.format(url=f"{ctx.public_url}/me"), t.receipt.from_whom.format(name=controller)]
    return Receipt(t.receipt.subject.format(store=store), [t.receipt.lead, *lines, *back])


def send_receipt(ctx: AppContext, shopper: ShopperProfile) -> None:
    """By e-mail, where the shopper has an address and the site a mail server; otherwise there is one to download. It
    goes out when things have calmed down, with the last state: nobody's mailbox is filled."""
    if ctx.mailer is None or not shopper.email:
        return
    mailbox = mailbox_digest(ctx.secrets, shopper.email)
    if mailbox is None:
        return
    now, lang = time.time(), language_of(shopper.locale)
    made = receipt_of(ctx, shopper, lang)
    try:
        letter = Letter(shopper.email, made.subject, made.text, made.html(lang))
        ctx.mailer.post_receipt(letter, mailbox, now, shopper_id=shopper.shopper_id)
    except ValueError as error:  # an address that no letter can be sent to
        log.info("a receipt could not be written: %s", error)


def _line(c: Consent, lang: Language, zone: str) -> str:
    key = f"{c.purpose}:{c.channel}"
    title, text = wording(c.text_version, lang).get(key, (key, ""))
    t = words(lang)
    said, when = t.receipt.yes if c.granted else t.receipt.no, moment(c.at, zone, lang)
    return t.receipt.line.format(said=said, title=title, text=text, when=when, version=c.text_version)
