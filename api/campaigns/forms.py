"""The form of a campaign: from what runs to what is typed, and back to a body as `campaigns.yaml` has it.

What the form has no field for (further stores, sharing) stays as it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from engine.errors import Problem
from engine.offers.campaigns import Campaign
from engine.offers.hours import DAYS
from engine.plan.currencies import EXPONENTS
from engine.plan.model import Plan
from engine.wording import MistakeCode as Code

Fields = Mapping[str, str]
"""What was typed, by field; days of the week as `day_mon` to `day_sun`."""

MOST_CHARS = 400
FIELDS = (
    *("id", "name", "kind", "target", "percent", "amount", "price", "buy", "get", "min_basket", "max_discount"),
    *("max_units", "valid_h", "announced", "prior_price", "prior_on", "place", "radius_m", "min_dwell_s"),
    *("min_probability", "precision", "starts_at", "ends_at", "hours_from", "hours_to", "quiet_from", "quiet_to"),
    *("fr_title", "fr_text", "en_title", "en_text", "max_vouchers", "max_amount", "per_day", "per_week", "margin"),
    *("redeem_percent", "holdout_percent", "priority", "ttl_s", "experiment", "on_request", "segment"),
    *("interested", "how", "within_days", "times", "not_bought"),
)
"""What the form asks for, each with its words."""

PLACES = (
    *("basis_points", "amount_minor", "price_minor", "max_discount_minor", "valid_s", "on", "product", "zone", "sku"),
    *("category", "hours", "quiet_hours", "when", "offer", "max_amount_minor", "budget", "margin_minor"),
    *("redeem_probability", "holdout_share", "texts.fr.title", "texts.fr.text", "texts.en.title", "texts.en.text"),
    *("state", "caps", "audience", "locales", "stores", "texts", "days", "known_at_least_days", "known_at_most_days"),
    *("applies_to", "near_end", "open_to", "share", "store", "segments"),
)
"""What a campaign's keys are called in `campaigns.yaml`, of those that a mistake may be at, or a version differ in."""
_TEXTS = (("fr", "title"), ("fr", "text"), ("en", "title"), ("en", "text"))
NEW: dict[str, str] = {
    "place": "store",
    "radius_m": "3",
    "min_probability": "0.6",
    "min_dwell_s": "5",
    "kind": "percent",
    "target": "basket",
    "percent": "10",
    "buy": "2",
    "get": "1",
    "max_units": "1",
    "per_day": "1",
    "per_week": "3",
    "valid_h": "2",
    "ttl_s": "120",
    "priority": "50",
    "redeem_percent": "20",
    "margin": "0",
    "holdout_percent": "10",
    "announced": "personal",
    "how": "viewed_online",
    "within_days": "14",
    "times": "1",
    "not_bought": "yes",
}
"""A new campaign, as its form begins: a tenth of the shoppers held out, so that it can be measured."""


def fields_of(campaign: Campaign, plan: Plan) -> dict[str, str]:
    """The campaign as its form shows it."""
    c, o = campaign, campaign.offer
    zone = ZoneInfo(plan.timezone)
    out = {
        "id": c.id,
        "name": c.name,
        "place": f"product:{c.place.product}"
        if c.place.product
        else f"zone:{c.place.zone}"
        if c.place.zone
        else "store",
        "radius_m": plain_number(c.place.radius_m),
        "min_probability": plain_number(c.min_probability),
        "precision": plain_number(c.precision),
        "min_dwell_s": plain_number(c.min_dwell_s),
        "kind": o.kind,
        "target": _choice(product=o.sku, category=o.category) or "basket",
        "percent": plain_number(getattr(o, "basis_points", 1000) / 100),
        "amount": major_units(getattr(o, "amount_minor", None), plan),
        "price": major_units(getattr(o, "price_minor", None), plan),
        "buy": str(getattr(o, "buy", 2)),
        "get": str(getattr(o, "get", 1)),
        "min_basket": major_units(o.min_basket_minor or None, plan),
        "max_units": str(o.max_units),
        "max_discount": major_units(o.max_discount_minor, plan),
        "per_day": str(c.caps.per_day),
        "per_week": str(c.caps.per_week),
        "max_vouchers": plain_number(c.budget.max_vouchers),
        "max_amount": major_units(c.budget.max_amount_minor, plan),
        "starts_at": _local(c.when.starts_at, zone),
        "ends_at": _local(c.when.ends_at, zone),
        "valid_h": plain_number(c.valid_s / 3600),
        "ttl_s": plain_number(c.ttl_s),
        "priority": str(c.priority),
        "redeem_percent": plain_number(round(100 * c.redeem_probability, 6)),
        "margin": major_units(c.margin_minor, plan),
        "holdout_percent": plain_number(round(100 * c.holdout_share, 6)),
        "experiment": c.experiment or "",
        "announced": c.announced,
        "prior_price": major_units(c.prior_price.price_minor if c.prior_price else None, plan),
        "prior_on": c.prior_price.on.isoformat() if c.prior_price else "",
        "on_request": "yes" if c.on_request else "",
        "segment": ",".join(c.audience.segments),
        **_interested_fields(c),
    }
    out |= {f"day_{day}": "yes" for day in c.when.days}
    for name, hours in (("hours", c.when.hours), ("quiet", c.when.quiet_hours)):
        out |= {f"{name}_from": hours[0].from_, f"{name}_to": hours[0].to} if hours else {}
    texts = c.texts.model_dump()
    return out | {f"{lang}_{part}": texts[lang][part] for lang, part in _TEXTS}


def body_of(fields: Fields, plan: Plan, base: Campaign | None) -> tuple[dict[str, Any], list[Problem]]:
    """The body that the fields say, on top of the campaign that is edited; and the fields that are no numbers."""
    read = TypedFields(fields, plan)
    body: dict[str, Any] = base.model_dump(mode="json", by_alias=True, exclude_none=True) if base else {}
    body.pop("state", None)
    given = {
        "id": fields.get("id", "").strip(),
        "name": fields.get("name", "").strip(),
        "place": _place(read),
        "min_probability": read.number("min_probability"),
        "precision": read.number("precision"),
        "min_dwell_s": read.number("min_dwell_s"),
        "when": _when(read, body.get("when", {})),
        "offer": _offer(read),
        "caps": {"per_day": read.whole("per_day"), "per_week": read.whole("per_week")},
        "budget": body.get("budget", {})  # its pace is no field of the form
        | {"max_vouchers": read.whole("max_vouchers"), "max_amount_minor": read.money("max_amount")},
        "ttl_s": read.number("ttl_s"),
        "valid_s": read.number("valid_h", 3600),
        "priority": read.whole("priority"),
        "margin_minor": read.money("margin"),
        "redeem_probability": read.number("redeem_percent", 0.01),
        "holdout_share": read.number("holdout_percent", 0.01),
        "experiment": fields.get("experiment", "").strip() or None,
        "on_request": fields.get("on_request") == "yes",
        "audience": _audience(read, body.get("audience", {})),
        "announced": fields.get("announced", "personal"),
        "prior_price": _prior(read),
        "texts": {
            lang: {part: fields.get(f"{lang}_{part}", "").strip() for part in ("title", "text")}
            for lang in ("fr", "en")
        },
    }
    for key, value in given.items():
        if value is None:
            body.pop(key, None)
        else:
            body[key] = value
    return body, read.wrong


class TypedFields:
    """Fields as numbers; what is none is kept with its field."""

    def __init__(self, fields: Fields, plan: Plan) -> None:
        self.fields, self.wrong = fields, list[Problem]()
        self._digits = EXPONENTS[plan.currency]
        self.zone = ZoneInfo(plan.timezone)

    def text(self, name: str) -> str:
        """What was typed, without the spaces around it."""
        return self.fields.get(name, "").strip()

    def number(self, name: str, times: float = 1.0) -> float | None:
        """A number with a point or a comma."""
        found = self._decimal(name)
        return None if found is None else float(found * Decimal(str(times)))

    def whole(self, name: str) -> int | None:
        """A whole number."""
        return self._whole(name, self._decimal(name))

    def money(self, name: str) -> int | None:
        """An amount, in minor units."""
        found = self._decimal(name)
        return self._whole(name, None if found is None else found.scaleb(self._digits))

    def moment(self, name: str) -> str | None:
        """A day and time of the store's clock, as ISO 8601 with its offset."""
        return self._parse(name, lambda text: dt.datetime.fromisoformat(text).replace(tzinfo=self.zone).isoformat())

    def _parse(self, name: str, parse: Callable[[str], str]) -> str | None:
        if not self.text(name):
            return None
        try:
            return parse(self.text(name))
        except (ValueError, OverflowError):
            self.say(name, "no day and time", Code.MOMENT)
            return None

    def _decimal(self, name: str) -> Decimal | None:
        text = self.text(name).replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace(",", ".")
        if not text:
            return None
        try:
            found = Decimal(text)
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite() or abs(found) > 10**15:
            self.say(name, "is no number", Code.NUMBER)
            return None
        return found

    def _whole(self, name: str, found: Decimal | None) -> int | None:
        if found is None:
            return None
        if found != found.to_integral_value():
            self.say(name, "has more decimals than it may have", Code.TOO_MANY_DECIMALS)
            return None
        return int(found)

    def say(self, name: str, reason: str, code: Code) -> None:
        """Notes a field that cannot be read."""
        self.wrong.append(Problem("form", f"form.{name}", reason, code=code, values={"got": self.text(name)}))


def _place(read: TypedFields) -> dict[str, Any]:
    kind, _, name = read.text("place").partition(":")
    if kind == "product":
        return {"product": name, "radius_m": read.number("radius_m")}
    return {"zone": name} if kind == "zone" else {"store": True}


def _offer(read: TypedFields) -> dict[str, Any]:
    kind, (target, _, name) = read.text("kind"), read.text("target").partition(":")
    offer: dict[str, Any] = {"kind": kind, "applies_to": target or "basket"}
    offer |= {"sku": name} if target == "product" else {"category": name} if target == "category" else {}
    own: dict[str, Callable[[], dict[str, Any]]] = {
        "percent": lambda: {"basis_points": _points(read)},
        "amount": lambda: {"amount_minor": read.money("amount")},
        "fixed_price": lambda: {"price_minor": read.money("price")},
        "buy_x_get_y": lambda: {"buy": read.whole("buy"), "get": read.whole("get"), "basis_points": _points(read)},
    }
    offer |= own[kind]() if kind in own else {}
    more = {"min_basket_minor": "min_basket", "max_discount_minor": "max_discount"}
    offer |= {key: value for key, name in more.items() if (value := read.money(name)) is not None}
    units = read.whole("max_units")
    offer |= {"max_units": units} if units is not None else {}
    return {key: value for key, value in offer.items() if value is not None}


def _points(read: TypedFields) -> int | None:
    share = read.number("percent", 100)
    return None if share is None else round(share)


def _when(read: TypedFields, before: Mapping[str, Any]) -> dict[str, Any]:
    """Its time. A campaign with several hours a day keeps those after the first, which the form shows."""
    out: dict[str, Any] = {
        "starts_at": read.moment("starts_at"),
        "ends_at": read.moment("ends_at"),
        "days": [day for day in DAYS if read.fields.get(f"day_{day}") == "yes"],
    }
    for key, name in (("hours", "hours"), ("quiet_hours", "quiet")):
        first = {"from": read.text(f"{name}_from"), "to": read.text(f"{name}_to")}
        out[key] = ([first] if any(first.values()) else []) + list(before.get(key, ()))[1:]
    return {key: value for key, value in out.items() if value is not None}


def _interested_fields(campaign: Campaign) -> dict[str, str]:
    """Without any, what the fields begin with."""
    after = campaign.audience.interested
    if after is None:
        return {name: NEW[name] for name in ("how", "within_days", "times", "not_bought")}
    return {
        "interested": _choice(product=after.product, category=after.category) or "",
        "how": after.how,
        "within_days": plain_number(after.within_days),
        "times": str(after.times),
        "not_bought": "yes" if after.not_bought else "",
    }


def _audience(read: TypedFields, before: Mapping[str, Any]) -> dict[str, Any]:
    """Whom it is for; locales and how long they are known are no fields of the form, and stay."""
    kind, _, name = read.text("interested").partition(":")
    asked = {"how": read.text("how"), "within_days": read.number("within_days"), "times": read.whole("times")}
    said = {key: value for key, value in asked.items() if value not in (None, "")}
    after = {kind: name, **said, "not_bought": read.fields.get("not_bought") == "yes"} if kind else None
    rest = {key: value for key, value in before.items() if key != "interested"}
    segments = {"segments": [s for s in read.text("segment").split(",") if s]}
    return rest | segments | ({} if after is None else {"interested": after})


def _prior(read: TypedFields) -> dict[str, Any] | None:
    price, on = read.money("prior_price"), read.text("prior_on")
    return {"price_minor": price, "on": on} if price is not None or on else None


def plain_number(value: float | None) -> str:
    """A number as a form shows it; empty for none."""
    return "" if value is None else f"{value:.10g}"


def major_units(minor: int | None, plan: Plan) -> str:
    """An amount as a form shows it, in the plan's currency; empty for none."""
    digits = EXPONENTS[plan.currency]
    return "" if minor is None else f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def _local(moment: dt.datetime | None, zone: ZoneInfo) -> str:
    return "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def _choice(**names: str | None) -> str | None:
    """`kind:name` of the one that is given."""
    return next((f"{kind}:{name}" for kind, name in names.items() if name), None)
