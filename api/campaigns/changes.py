"""What changed between two versions of a campaign, in the words that its form has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from api.campaigns.mistakes import key_words
from api.texts.catalogue import Words
from api.texts.categories import category_name
from api.texts.language import Language
from api.texts.money import money
from api.texts.numbers import short_number
from engine.plan.model import Plan

NOTHING = "–"
Change = tuple[str, Any, Any]
_PER_CENT = {"basis_points": 0.01, "redeem_probability": 100, "holdout_share": 100}


def change_lines(changes: Sequence[Change], t: Words, lang: Language, plan: Plan) -> list[tuple[str, str, str, str]]:
    """Of each key that differs: its words, what it was, what it is, and the key as `campaigns.yaml` has it."""
    return [
        (key_words(key, t), value_words(key, a, t, lang, plan), value_words(key, b, t, lang, plan), key)
        for key, a, b in changes
    ]


def value_words(key: str, value: Any, t: Words, lang: Language, plan: Plan) -> str:
    """One value of a campaign's terms as its reader knows it: names of goods and zones, money, shares in per cent."""
    last = key.rpartition(".")[2]
    if value is None or value == "" or value == []:
        return NOTHING
    if isinstance(value, str):
        return _name(last, value, t, plan)
    if isinstance(value, bool):
        return t.campaigns.yes if value else t.campaigns.no
    if isinstance(value, list):
        return ", ".join(_entry(last, entry, t) for entry in value)
    if isinstance(value, int | float):
        if last.endswith("_minor"):
            return money(int(value), plan.currency, lang)
        if last == "valid_s":
            return short_number(value / 3600, lang)
        return short_number(value * _PER_CENT.get(last, 1), lang, 9)
    return json.dumps(value, ensure_ascii=False)


def _name(last: str, value: str, t: Words, plan: Plan) -> str:
    if last == "state":
        return t.campaign_states[value]
    if last in ("sku", "product") and value in plan.product_by_sku:
        return plan.product_by_sku[value].name
    if last == "zone":
        return next((z.name for z in plan.zones if z.id == value), value)
    if last == "category":
        return category_name(plan, value)
    if last == "kind" and value in t.offer_kinds:
        return t.offer_kinds[value]
    return value


def _entry(last: str, entry: Any, t: Words) -> str:
    if last == "days" and entry in t.week_days:
        return t.week_days[entry]
    if isinstance(entry, dict) and {"from", "to"} <= entry.keys():
        return f"{entry['from']}–{entry['to']}"
    return entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)
