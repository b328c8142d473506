"""The impact assessment (GDPR article 35), filled in from the configuration: facts, risks, and what is still open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.context import AppContext
from api.notices import kept_days
from engine.privacy.processing import Risk

GOOD_K = 20
"""Below it a figure is still of ten people at least; whoever lowers it should say why."""
YEAR_DAYS = 395


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One risk; `is_open` where the configuration leaves more of it than it has to."""

    risk: Risk
    is_open: bool


def facts_of(ctx: AppContext) -> dict[str, Any]:
    """What the site is like, for the blanks of sentences: counts, periods, switches."""
    config = ctx.config
    return {
        "stores": len(ctx.plans),
        "sources": len(config.sources),
        "k": config.privacy.k,
        "minutes": round(config.privacy.block_s / 60),
        "turns_at": config.privacy.salt_turns_at,
        "per_day": config.offers.per_day,
        "per_week": config.offers.per_week,
        "backups": config.controller.backups_days,
        **kept_days(config.retention),
    }


def risks_of(ctx: AppContext) -> list[RiskRow]:
    """Every risk, and whether something is left to do about it."""
    config = ctx.config
    is_open = {
        Risk.SINGLED_OUT: config.privacy.k < GOOD_K or config.privacy.demo,
        Risk.FOLLOWED: "fix" in config.mqtt.publish_events,
        Risk.MISTAKEN: not config.portals,
        Risk.PRESSED: bool(config.controller.missing),
        Risk.LEAKED: not config.in_production or not config.mqtt.tls,
        Risk.KEPT: config.retention.visits_days > YEAR_DAYS or config.retention.decisions_days > YEAR_DAYS,
    }
    return [RiskRow(risk, is_open[risk]) for risk in Risk]
