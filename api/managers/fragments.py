"""Pieces of the managers' pages as HTML text. Whatever comes from plans, campaigns or the database is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from api.managers.overlay import HOT_COLOUR, STEPS
from api.managers.reports import HOUR_S, ZoneReport
from api.managers.snapshot import STALE_S, Glance, Look, hottest
from api.texts.language import Language
from api.texts.managers import EVIDENCE, TEXTS, clock, date, duration, number, reason_text, year
from engine.plan.model import Plan
from engine.presence.hotzones import HotState
from engine.vocabulary import DecisionOutcome


def stores(glances: Sequence[Glance], lang: Language) -> str:
    """A card per store: where it is hot now, and how many are connected."""
    t = TEXTS[lang]
    cards = []
    for g in glances:
        chips = "".join(f'<span class="r-chip">{_name(g.plan, z)}</span>' for z in g.hot[:4])
        hot = f'<div class="r-chips">{chips}</div>' if chips else ""
        n = f"{number(g.devices, lang)} {t['connected']}" if g.devices is not None else t["no_engine"]
        life = f'<span class="r-live r-{"off" if g.devices is None else "on"}">{escape(n)}</span>'
        size = f"{len(g.plan.zones)} {t['zones_n']}"
        cards.append(
            f'<a href="/manage/{escape(g.plan.store)}?lang={lang}"><b>{escape(g.plan.name)}</b>'
            f'<span class="r-soft"> · {size}</span><br>{life}{hot}<em>{escape(t["open"])} →</em></a>'
        )
    return "".join(cards)


def headline(look: Look, lang: Language, *, now: bool) -> str:
    """Where it is hot, in one line that reads from across the room."""
    t = TEXTS[lang]
    zones = look.report.zones
    hot = hottest(zones)
    title = f'<div class="r-kicker">{escape(t["hot_now"] if now else t["hot_then"])} · {_span(look, lang)}</div>'
    if hot:
        chips = "".join(
            f'<span class="r-chip" title="{_proof(z, lang)}">{_name(look.report.plan, z)}</span>' for z in hot
        )
        return f'{title}<div class="r-chips">{chips}</div>'
    return f'{title}<div class="r-quiet">{escape(t[_why_none(look)])}</div>'


def _why_none(look: Look) -> str:
    """Key of the words for why nothing is hot."""
    if any(z.hot.state is HotState.NOT_HOT for z in look.report.zones):
        return "none_hot"
    mapped = any(np.nansum(heat.person_s) > 0 for heat in look.report.levels)
    spent = any(z.person_s > 0 for z in look.report.zones)
    return "too_little" if mapped or not spent else "no_heat"


def _span(look: Look, lang: Language) -> str:
    zone, (start, end) = look.report.plan.timezone, (look.period.from_t, look.period.to_t)
    if end - start > 8 * 24 * HOUR_S:
        return escape(TEXTS[lang]["year"]) if end >= look.at else year(start, zone)
    if end - start > 26 * HOUR_S:
        return escape(TEXTS[lang]["week"])
    if end - start > 22 * HOUR_S:  # a day, of 23 to 25 hours
        return date(start, zone, lang)
    return f"{clock(start, zone)} – {clock(end, zone)}"


def _name(plan: Plan, zone: ZoneReport) -> str:
    """The zone's name, with its level's where another zone of the store has the same."""
    if sum(z.name == zone.zone.name for z in plan.zones) == 1:
        return escape(zone.zone.name)
    return escape(f"{zone.zone.name} · {plan.levels[plan.level_index[zone.zone.level]].name}")


def _proof(zone: ZoneReport, lang: Language) -> str:
    """Why the verdict, for the tooltip: words first, then the figures."""
    words = EVIDENCE[lang][zone.hot.reason]
    if zone.hot.state is HotState.NOT_ENOUGH_EVIDENCE:
        return escape(words)
    return escape(f"{words} : z = {zone.hot.z_max:.1f}, q = {zone.hot.q_min:.2g}, {zone.hot.share_hot:.0%}")


def live(look: Look, lang: Language) -> str:
    """Whether the engine is alive, and when this page was made."""
    t, zone = TEXTS[lang], look.report.plan.timezone
    state, words = "off", t["no_engine"]
    if look.engine_at is not None:
        silent_s = max(0.0, look.at - look.engine_at)
        fresh = silent_s <= STALE_S
        state, words = ("on", t["live"]) if fresh else ("off", f"{t['stale']} {duration(silent_s)}")
    made = f"{escape(t['updated'])} {clock(look.at, zone, seconds=True)}"
    return f'<span class="r-live r-{state}">{escape(words)}</span><span class="r-soft">{made}</span>'


def counters(look: Look, lang: Language) -> str:
    """The live counters."""
    t, total = TEXTS[lang], look.totals
    cards = (
        (t["connected"], look.devices),
        (t["issued"], total["vouchers_issued"]),
        (t["acknowledged"], total["vouchers_acknowledged"]),
        (t["redeemed"], total["vouchers_redeemed"]),
        (t["points"], total["points"]),
    )
    return "".join(
        f'<div class="r-count"><b>{"–" if value is None else number(value, lang)}</b><span>{escape(words)}</span></div>'
        for words, value in cards
    )


def ranking(look: Look, lang: Language) -> str:
    """Zones by time spent: a bar each, hot ones in the heat's colour, badges where hot or not known."""
    t = TEXTS[lang]
    most = max((z.person_s for z in look.report.zones), default=0.0) or 1.0
    rows = []
    for rank, z in enumerate(look.report.zones, start=1):
        badge = f'<i class="r-badge">{escape(t[z.hot.state])}</i>' if t[z.hot.state] else ""
        figures = (
            f"{duration(z.person_s)} {t['in_all']} · {number(z.visits, lang)} {t['visits']}"
            f" · {duration(z.mean_dwell_s)} {t['each']}"
        )
        rows.append(
            f'<li class="r-zone r-{z.hot.state}" data-zone="{escape(z.zone.id)}" title="{_proof(z, lang)}">'
            f'<span class="r-rank">{rank}</span><span class="r-name">{_name(look.report.plan, z)} {badge}</span>'
            f'<span class="r-bar"><span style="width:{100 * z.person_s / most:.1f}%"></span></span>'
            f'<span class="r-figures">{escape(figures)}</span></li>'
        )
    return f'<ol class="r-ranking">{"".join(rows)}</ol>'


def legend(lang: Language) -> str:
    """What the colours and the outline on the plan mean."""
    t = TEXTS[lang]
    labels = [number(least, lang, 2).rstrip("0").rstrip(",.") for least, _, _ in STEPS]
    steps = "".join(
        f'<span><i style="background:{colour};opacity:{opacity}"></i>{label}</span>'
        for label, (_, colour, opacity) in zip(labels, STEPS, strict=True)
    )
    outline = f'<span class="r-outline"><i style="border-color:{HOT_COLOUR}"></i>{escape(t["outline"])}</span>'
    return f'<div class="r-legend"><div class="r-steps">{steps}<em>{escape(t["scale"])}</em></div>{outline}</div>'


def decisions(look: Look, lang: Language) -> str:
    """Coupons issued and refused by reason, then the latest decisions."""
    t = TEXTS[lang]
    if not look.reasons:
        return f'<p class="r-soft">{escape(t["no_decisions"])}</p>'
    most = max(look.reasons.values())
    bars = "".join(
        f'<li class="r-{outcome}"><span class="r-name">{escape(reason_text(reason, lang))}</span>'
        f'<span class="r-bar"><span style="width:{100 * n / most:.1f}%"></span></span><b>{number(n, lang)}</b></li>'
        for (outcome, reason), n in sorted(
            look.reasons.items(), key=lambda item: (item[0][0] is not DecisionOutcome.ISSUE, -item[1])
        )
    )
    zone = look.report.plan.timezone
    latest = "".join(
        f"<tr><td>{clock(d.at, zone, seconds=True)}</td>"
        f"<td>{escape(look.campaign_names.get(d.campaign_id, d.campaign_id))}</td>"
        f'<td class="r-{escape(d.outcome)}">{escape(reason_text(d.reason, lang))}</td></tr>'
        for d in look.latest
    )
    return f'<ul class="r-reasons">{bars}</ul><h3>{escape(t["latest"])}</h3><table class="r-latest">{latest}</table>'
