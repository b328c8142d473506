"""The notice (GDPR article 13): who is responsible, why, for how long, which rights. From the configuration.

Its first layer stands on the sign-in page and on the opt-out page and sign; the whole of it at `/notice/{store}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from api.context import AppContext
from api.texts.catalogue import words
from api.texts.language import Language
from engine.config import Config, RetentionConfig
from engine.delivery.opening import asked_consents
from engine.delivery.push_services import KNOWN
from engine.offers.caps import WEEK_S
from engine.privacy.processing import ASKED_FOR, Processing, Recipient

DAY_S = 86_400.0
NOT_FILLED_IN = "–"
"""In place of what a demo, or a site without HTTPS, does not say of itself; the page says that it is missing."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What pages say of the controller. `missing` names keys of `controller` that are not filled in."""

    controller: str
    address: str
    email: str
    dpo: str
    dpo_email: str
    recipients: tuple[str, ...]
    authority: str
    backups_days: int
    missing: tuple[str, ...]
    processings: tuple[Processing, ...]
    days: Mapping[str, int]


def notice_of(ctx: AppContext, lang: Language) -> Notice:
    """The notice of this site, its recipients in this language."""
    said = ctx.config.controller
    return Notice(
        said.name or NOT_FILLED_IN,
        said.address or NOT_FILLED_IN,
        said.email or NOT_FILLED_IN,
        said.dpo_name or "",
        said.dpo_email or NOT_FILLED_IN,
        (*said.recipients, *_tell(ctx.config, lang)),
        said.authority,
        said.backups_days,
        said.missing,
        processings_of(ctx.config),
        kept_days(ctx.config.retention),
    )


def processings_of(config: Config) -> tuple[Processing, ...]:
    """What this site does with data of persons: what needs no consent, and what it asks for."""
    asked = set(asked_consents(config))
    without = () if config.delivery.orders_url else (Processing.ORDERS,)
    done = (p for p in Processing if p not in without)
    return tuple(p for p in done if p not in ASKED_FOR or asked.intersection(ASKED_FOR[p]))


def recipients_of(config: Config) -> dict[Recipient, str]:
    """Who gets something because of what is asked for and set up, with hosts by name; beside `controller.recipients`.

    The mail server gets links and receipts also where offers by e-mail are not asked for.
    """
    does, gateway = processings_of(config), urlsplit(config.delivery.webhook_url or "").hostname
    app = urlsplit(config.delivery.app_url or "").hostname
    names = {
        Recipient.PUSH: ", ".join((*KNOWN, *config.delivery.push_hosts)) if Processing.PUSH in does else None,
        Recipient.MAIL: config.mail.host,
        Recipient.SMS: gateway if Processing.SMS in does else None,
        Recipient.APP: app if Processing.APP in does else None,
        Recipient.ORDERS: urlsplit(config.delivery.orders_url or "").hostname,
        Recipient.CRM: "crm" if Processing.CRM in does else None,
    }
    return {who: name for who, name in names.items() if name}


def _tell(config: Config, lang: Language) -> list[str]:
    t = words(lang)
    return [t.recipients[who].format(name=name) for who, name in recipients_of(config).items()]


def kept_days(retention: RetentionConfig) -> dict[str, int]:
    """For how many days what is kept, for the blanks of sentences."""
    return {
        "hours": round(retention.state_hours),
        "visits": retention.visits_days,
        "decisions": retention.decisions_days,
        "shares": retention.share_visits_days,
        "messages": retention.deliveries_days,
        "orders": retention.shop_events_days,
        "profiles": retention.prospects_days,
        "crm": retention.crm_events_days,
        "caps": round(WEEK_S / DAY_S),
    }
