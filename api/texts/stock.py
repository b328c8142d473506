"""Stock and orders that were asked for, in sentences: stock never without its age."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.texts.catalogue import words
from api.texts.language import Language
from engine.commerce.stock import Stock
from engine.plan.model import Plan
from engine.vocabulary import AskedState, OrderWay, StockState


@dataclass(frozen=True, slots=True)
class StockLine:
    """What is known of one article at one place: `text` says it with its age. `at` is s UTC, `quantity_milli` what was
    told then."""

    store: str
    sku: str
    variant: str
    label: str
    state: StockState
    at: float
    quantity_milli: int
    text: str


def stock_lines(
    found: Iterable[Stock], names: Mapping[str, str], here: str, now: float, believed_s: float, lang: Language
) -> list[StockLine]:
    """A line for each article and place, this store's first; `names` are the stores that the site serves. Of others
    nothing is said, and without a store it is the e-shop's."""
    t = words(lang)
    places = {**names, here: t.stock.here, "": t.stock.eshop}
    told = sorted((one for one in found if one.store in places), key=lambda one: (one.store != here, one.store == ""))
    return [_line(one, places[one.store], now, believed_s, lang) for one in told]


def article_name(sku: str, plans: Iterable[Plan], found: Iterable[Stock]) -> str:
    """As a plan has it, else a catalogue, else the sku."""
    named = (plan.product_by_sku[sku].name for plan in plans if sku in plan.product_by_sku)
    return next(named, "") or next((one.name for one in found if one.article.sku == sku), "") or sku


def say_age(age_s: float, lang: Language) -> str:
    """How old it is, in the largest whole unit."""
    t = words(lang)
    if age_s >= 86_400.0:
        return t.stock.say_count("told_days", int(age_s // 86_400.0))
    if age_s >= 3_600.0:
        return t.stock.say_count("told_hours", int(age_s // 3_600.0))
    return t.stock.say_count("told_minutes", int(age_s // 60.0)) if age_s >= 60.0 else t.stock.told_now


def asked_sentence(state: AskedState, reason: str, lang: Language) -> str:
    """How far a request is. A reason is the e-shop's own words, but for the one that has words of ours."""
    t = words(lang)
    if state is not AskedState.REFUSED:
        return t.asked_states[state]
    if not reason:
        return t.asked.refused_silently
    return t.asked_states[state].format(reason=t.asked.inventory if reason == "inventory" else reason)


def way_sentence(way: OrderWay, store_name: str, lang: Language) -> str:
    """How it reaches its shopper."""
    t = words(lang)
    return t.order_ways[way].format(store=store_name)


def _line(one: Stock, place: str, now: float, believed_s: float, lang: Language) -> StockLine:
    t, state, label = words(lang), one.state(now, believed_s), one.label
    text = t.stock_states[state].format(place=place, age=say_age(one.age_s(now), lang))
    said = f"{label} · {text}" if label else text
    sku, variant = one.article
    return StockLine(one.store, sku, variant, label, state, one.at, one.quantity_milli, said)
