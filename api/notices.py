"""The notice (GDPR article 13): who is responsible, why, for how long, which rights. From the configuration.

Its first layer stands on the sign-in page and on the opt-out page and sign; the whole of it at `/notice/{store}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.context import AppContext
from engine.config import Config, RetentionConfig
from engine.delivery.opening import asked_consents
from engine.offers.caps import WEEK_S
from engine.privacy.processing import Processing

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


def notice_of(ctx: AppContext) -> Notice:
    """The notice of this site."""
    said = ctx.config.controller
    return Notice(
        said.name or NOT_FILLED_IN,
        said.address or NOT_FILLED_IN,
        said.email or NOT_FILLED_IN,
        said.dpo_name or "",
        said.dpo_email or NOT_FILLED_IN,
        said.recipients,
        said.authority,
        said.backups_days,
        said.missing,
        processings_of(ctx.config),
        kept_days(ctx.config.retention),
    )


def processings_of(config: Config) -> tuple[Processing, ...]:
    """What this site does with data of persons, by what it asks for."""
    asked = {key.partition(":")[0] for key in asked_consents(config)}
    optional = {
        Processing.OFFERS: "location_offers",
        Processing.STATISTICS: "statistics",
        Processing.CRM: "crm",
        Processing.CLERK: "clerk",
    }
    return tuple(p for p in Processing if p not in optional or optional[p] in asked)


def kept_days(retention: RetentionConfig) -> dict[str, int]:
    """For how many days what is kept, for the blanks of sentences."""
    return {
        "hours": round(retention.state_hours),
        "visits": retention.visits_days,
        "decisions": retention.decisions_days,
        "shares": retention.share_visits_days,
        "messages": retention.deliveries_days,
        "profiles": retention.prospects_days,
        "caps": round(WEEK_S / DAY_S),
    }
