"""Pieces of the managers' pages as HTML; the templates escape what comes from plans, campaigns or the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from api.keyring import Grant
from api.managers.alerted import alert_text
from api.managers.overlay import HOT_COLOUR, STEPS
from api.managers.reports import ZoneReport
from api.managers.snapshot import Glance, Pulse, Snapshot, hottest
from api.managers.told import TableFigure
from api.pages import render
from api.texts.catalogue import words
from api.texts.language import Language
from api.texts.numbers import number, short_number, whole_percent
from api.texts.times import clock, near_date, year
from engine.plan.model import Plan
from engine.presence.hotzones import HotReason, HotState
from engine.presence.local_hours import HOUR_S
from engine.storage.status import SILENT_S
from engine.storage.upserts import age_s
from engine.vocabulary import DecisionOutcome, DecisionReason, DeliveryState, Right, StoreTrouble

HOT_SHOWN = 4  # chips on a store's card


def mark(lang: Language) -> str:
    """The mark, which leads to all stores."""
    return render("mark.html", lang)


def languages(path: str, lang: Language) -> str:
    """Links to the page in each language."""
    return render("languages.html", lang, path=path)


def ways_on(store: str, lang: Language, grant: Grant | None) -> str:
    """The ways to figures of any period, and to campaigns and points of shared links for whoever may see them."""
    campaigns, reviews = (
        grant is not None and grant.may(right, store) for right in (Right.SEE_CAMPAIGNS, Right.JUDGE_SHARES)
    )
    return render("ways_on.html", lang, store=store, campaigns=campaigns, reviews=reviews)


def title(text: str, lang: Language) -> str:
    """What the whole page is called."""
    return render("title.html", lang, text=text)


def heading(text: str, lang: Language) -> str:
    """The title of a card."""
    return render("heading.html", lang, text=text)


def stores(glances: Sequence[Glance], lang: Language) -> str:
    """A card per store: where it is hot now, and how many are connected."""
    t = words(lang)
    cards = [
        {
            "store": g.plan.store,
            "name": g.plan.name,
            "zones": len(g.plan.zones),
            "devices": g.devices,
            "people": at_least(g.devices, g.k, lang),
            "troubles": [t.troubles[trouble] for trouble in g.troubles],
            "hot": [_name(g.plan, z) for z in g.hot[:HOT_SHOWN]],
        }
        for g in glances
    ]
    return render("stores.html", lang, cards=cards)


def headline(snapshot: Snapshot, lang: Language, *, now: bool) -> str:
    """Where it is hot, in one line that reads from across the room."""
    hot = [(_name(snapshot.report.plan, z), _proof(z, lang)) for z in hottest(snapshot.report.zones)]
    return render("headline.html", lang, now=now, span=_span(snapshot, lang), hot=hot, why_none=_why_none(snapshot))


def _why_none(snapshot: Snapshot) -> str:
    """Key of the words for why nothing is hot."""
    if any(z.hot.reason is HotReason.FEW_HOT_SQUARES for z in snapshot.report.zones):
        return "few_hot"
    if any(z.hot.state is HotState.NOT_HOT for z in snapshot.report.zones):
        return "none_hot"
    mapped = any(np.nansum(heat.person_s) > 0 for heat in snapshot.report.levels)
    spent = any(z.told.person_s.value for z in snapshot.report.zones)
    return "too_little" if mapped or not spent else "no_heat"


def _span(snapshot: Snapshot, lang: Language) -> str:
    t, zone, (start, end) = words(lang), snapshot.report.plan.timezone, (snapshot.period.from_t, snapshot.period.to_t)
    if end - start > 8 * 24 * HOUR_S:
        return t.spans["year"] if end >= snapshot.at else year(start, zone)
    if end - start > 26 * HOUR_S:
        return t.spans["week"]
    if end - start > 22 * HOUR_S:  # a day, of 23 to 25 hours
        return near_date(start, snapshot.at, zone, lang)
    return f"{clock(start, zone)} – {clock(end, zone)}"


def _name(plan: Plan, zone: ZoneReport) -> str:
    """The zone's name, with its level's where another zone of the store has the same."""
    if sum(z.name == zone.zone.name for z in plan.zones) == 1:
        return zone.zone.name
    return f"{zone.zone.name} · {plan.levels[plan.level_index[zone.zone.level]].name}"


def _proof(zone: ZoneReport, lang: Language) -> str:
    """Why the verdict, for the tooltip: words first, then the figures."""
    t = words(lang)
    evidence = t.evidence[zone.hot.reason]
    if zone.hot.state is HotState.NOT_ENOUGH_EVIDENCE:
        return evidence
    return t.board.proof.format(
        evidence=evidence,
        z=number(zone.hot.z_max, lang, 1),
        q=short_number(zone.hot.q_min, lang, 2),
        share=whole_percent(zone.hot.share_hot, lang),
    )


def live(seen: Snapshot | Pulse, lang: Language) -> str:
    """Whether what is shown is live, why not where it is not, when this was looked at, and what managers are told."""
    silent_s = None if seen.engine_at is None else age_s(seen.engine_at, seen.at)
    t = words(lang)
    troubles = [t.troubles[trouble] for trouble in seen.troubles if trouble is not StoreTrouble.ENGINE_SILENT]
    plan = seen.plan if isinstance(seen, Pulse) else seen.report.plan
    at = clock(seen.at, plan.timezone, seconds=True)
    alerts = [alert_text(alert, plan, lang, seen.at) for alert in seen.alerts]
    return render("live.html", lang, silent_s=silent_s, stale_s=SILENT_S, troubles=troubles, at=at, alerts=alerts)


def away(lang: Language) -> str:
    """What stands there while the database does not answer."""
    return render("away.html", lang)


def counters(snapshot: Snapshot, lang: Language) -> str:
    """The live counters."""
    share = snapshot.not_followed
    return render(
        "counters.html",
        lang,
        devices=at_least(snapshot.devices, snapshot.k, lang),
        n=snapshot.devices or snapshot.k,  # none are fewer than k, and said in the plural as those are
        not_followed=None if share is None else whole_percent(share, lang),
        gap_max_s=snapshot.gap_max_s,
        totals=snapshot.coupons.totals,
        k=snapshot.k,
    )


def at_least(n: int | None, k: int, lang: Language) -> str:
    """How many are there now, which is known in steps of k only."""
    if n is None:
        return "–"
    if k == 1:
        return number(n, lang)
    return f"≥ {number(n, lang)}" if n else f"< {number(k, lang)}"


def privacy(snapshot: Snapshot, lang: Language) -> str:
    """How many people stand behind each figure."""
    t = words(lang)
    if snapshot.demo:
        return t.board.privacy_demo.format(k=snapshot.k)
    return t.board.privacy.format(k=snapshot.k)


def ranking(snapshot: Snapshot, lang: Language) -> str:
    """Zones by time spent: a bar each, hot ones in the heat's colour, badges where hot or not known."""
    most = max((z.told.person_s.value or 0.0 for z in snapshot.report.zones), default=0.0) or 1.0
    zones = [
        {
            "id": z.zone.id,
            "name": _name(snapshot.report.plan, z),
            "state": z.hot.state,
            "proof": _proof(z, lang),
            "part": 100 * (z.told.person_s.value or 0.0) / most,
            "told": z.told,
            "between": _between(z.told.visits, lang),
        }
        for z in snapshot.report.zones
    ]
    known = any(not z.told.is_withheld for z in snapshot.report.zones)
    return render("ranking.html", lang, zones=zones, known=known, k=snapshot.k)


def _between(figure: TableFigure, lang: Language) -> str:
    """The ends of an interval; empty where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{number(round(figure.low), lang)}\u202f–\u202f{number(round(figure.high), lang)}"


def legend(lang: Language) -> str:
    """What the colours and the outline on the plan mean."""
    steps = [(short_number(least, lang), colour, opacity) for least, colour, opacity in STEPS]
    return render("legend.html", lang, steps=steps, hot_colour=HOT_COLOUR)


def flows(snapshot: Snapshot, lang: Language) -> str:
    """How to read the chart of flows, or that there is none."""
    return render("flows.html", lang, some=bool(snapshot.flows), k=snapshot.k)


def decisions(snapshot: Snapshot, lang: Language) -> str:
    """Coupons issued and refused by reason, then the latest decisions."""
    found = snapshot.coupons.reasons
    zone, most = snapshot.report.plan.timezone, max(found.values(), default=1)
    ordered = sorted(found.items(), key=lambda item: (item[0][0] is not DecisionOutcome.ISSUE, -item[1]))
    reasons = [(outcome, reason_text(reason, lang), n, 100 * n / most) for (outcome, reason), n in ordered]
    latest = [
        (
            clock(d.at, zone, seconds=True),
            snapshot.campaign_names.get(d.campaign_id, d.campaign_id),
            d.outcome,
            reason_text(d.reason, lang),
        )
        for d in snapshot.latest
    ]
    return render(
        "decisions.html", lang, reasons=reasons, latest=latest, messages=_messages(snapshot, lang), k=snapshot.k
    )


def _messages(snapshot: Snapshot, lang: Language) -> list[tuple[DeliveryState, str, int, float]]:
    """How far messages came: those shown by channel, then those that were not by the reason, most first."""
    t = words(lang)
    counted: Counter[tuple[DeliveryState, str]] = Counter()
    for (channel, state, reason), n in snapshot.coupons.messages.items():
        said = t.channels[channel]
        if state is not DeliveryState.ACKNOWLEDGED:
            said = t.delivery_states[state] if reason is None else t.delivery_reasons[reason]
        counted[state, said] += n
    most = max(counted.values(), default=1)
    ordered = sorted(counted.items(), key=lambda item: (item[0][0] is not DeliveryState.ACKNOWLEDGED, -item[1]))
    return [(state, said, n, 100 * n / most) for (state, said), n in ordered]


def reason_text(reason: DecisionReason, lang: Language) -> str:
    """A decision's reason in words."""
    t = words(lang)
    return t.reasons[reason]
