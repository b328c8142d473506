"""What is wrong with a campaign, in the reader's language and beside the field that it is in."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.campaigns.forms import FIELDS
from api.texts.catalogue import Words
from api.texts.language import Language
from api.texts.money import money
from api.texts.numbers import short_number
from api.texts.times import long_date
from engine.errors import Problem
from engine.plan.model import Plan
from engine.wording import MistakeCode

_FIELD_OF = {
    "offer.amount_minor": "amount",
    "offer.price_minor": "price",
    "offer.basis_points": "percent",
    "offer.min_basket_minor": "min_basket",
    "offer.max_discount_minor": "max_discount",
    "offer.applies_to": "target",
    "offer.sku": "target",
    "offer.category": "target",
    "prior_price.price_minor": "prior_price",
    "prior_price.on": "prior_on",
    "place.product": "place",
    "place.zone": "place",
    "place.store": "place",
    "audience.segments": "segment",
    "audience.interested.product": "interested",
    "audience.interested.category": "interested",
    "valid_s": "valid_h",
    "when": "ends_at",
    "when.hours": "hours_from",
    "when.hours.0": "hours_from",
    "when.hours.0.from": "hours_from",
    "when.hours.0.to": "hours_to",
    "when.quiet_hours": "quiet_from",
    "when.quiet_hours.0": "quiet_from",
    "when.quiet_hours.0.from": "quiet_from",
    "when.quiet_hours.0.to": "quiet_to",
    "texts.fr.title": "fr_title",
    "texts.fr.text": "fr_text",
    "texts.en.title": "en_title",
    "texts.en.text": "en_text",
    "budget.max_amount_minor": "max_amount",
    "budget": "max_amount",
    "margin_minor": "margin",
    "redeem_probability": "redeem_percent",
    "holdout_share": "holdout_percent",
}
"""Where the form asks for a key that is called otherwise in `campaigns.yaml`; others are asked for under their name."""

_OF_OFFER = {"percent": "percent", "amount": "amount", "fixed_price": "price", "buy_x_get_y": "percent"}
_FIELD_OF_CODE = {
    MistakeCode.RADIUS: "radius_m",
    MistakeCode.UNBOUNDED_BUDGET: "max_discount",
    MistakeCode.PACE_WITHOUT_LINE: "ends_at",
    MistakeCode.PACE_WITHOUT_BUDGET: "max_vouchers",
    MistakeCode.TARGET_PRODUCT: "target",
    MistakeCode.TARGET_CATEGORY: "target",
    MistakeCode.NEAR_END_PRODUCT: "target",
}
_SCALES = {"basis_points": 0.01, "redeem_probability": 100, "holdout_share": 100, "valid_s": 1 / 3600}
"""What the form asks for in another unit than `campaigns.yaml`."""
_LIMITS = ("n", "low", "high", "given")
"""Values of a mistake that are in the unit of the key that it is at."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake as a page shows it. `field` is the form's, empty where it asks for no such thing."""

    field: str
    label: str
    sentence: str
    at: str
    line: int | None


def say_mistakes(problems: Sequence[Problem], t: Words, lang: Language, plan: Plan, kind: str = "") -> list[Mistake]:
    """Each in the reader's words, with its remedy; `kind` is the kind of offer, whose field a breach of law is at."""
    return [_say(p, t, lang, plan, kind) for p in problems]


def form_field(path: str, kind: str = "") -> str:
    """The field of the form that asks for a key of a campaign."""
    path = re.sub(r"^(audience\.segments)\.\d+$", r"\1", path)
    if path == "offer":
        return _OF_OFFER.get(kind, "kind")
    return _FIELD_OF.get(path) or path.rpartition(".")[2]


def key_words(path: str, t: Words) -> str:
    """What a key of a campaign is called on pages; the key itself where the form has no words for it."""
    whole = re.sub(r"\.\d+", "", path)
    for name in (form_field(path), form_field(whole), *reversed(whole.split("."))):
        if name in t.campaign_fields:
            return t.campaign_fields[name]
    return path


def _say(problem: Problem, t: Words, lang: Language, plan: Plan, kind: str) -> Mistake:
    path = re.sub(r"^(body|form|campaign|campaigns\.\d+)\.", "", problem.place)
    code = MistakeCode(problem.code) if problem.code else MistakeCode.OTHER
    field = _FIELD_OF_CODE.get(code) or form_field(path, kind)
    field = field if field in FIELDS else ""
    label = t.campaign_fields[field] if field else key_words(path, t)
    key = path.rpartition(".")[2]
    if code is MistakeCode.ONE_OF and key == "applies_to":
        sentence = t.campaigns.other_target
    elif code is MistakeCode.PATTERN:
        sentence = t.campaigns.like_a_clock if ".hours" in path or "quiet" in path else t.campaigns.like_a_name
    else:
        values = {name: _show(name, value, key, lang, plan) for name, value in problem.values.items()}
        sentence = t.mistakes[code].format(**values)
    if code is MistakeCode.NOT_YAML or (path == "(whole file)" and not field):
        line = problem.values.get("line")
        return Mistake("", t.campaigns.file, sentence, "", line if isinstance(line, int) else None)
    return Mistake(field, label, sentence, problem.place, problem.line)


def _show(name: str, value: object, key: str, lang: Language, plan: Plan) -> str:
    """A value of a mistake as people write it: limits in the unit that the form asks in."""
    if isinstance(value, dt.date):
        return long_date(value, lang)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    is_limit = name in _LIMITS
    if name.endswith("_minor") or (is_limit and key.endswith("_minor")):
        return money(int(value), plan.currency, lang)
    return short_number(value * _SCALES.get(key, 1) if is_limit else value, lang, 12)


def by_field(mistakes: Sequence[Mistake]) -> Mapping[str, list[str]]:
    """The sentences to stand beside each field of the form."""
    found: dict[str, list[str]] = {}
    for mistake in mistakes:
        if mistake.field:
            found.setdefault(mistake.field, []).append(mistake.sentence)
    return found
