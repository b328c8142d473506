"""The form of HQ's campaign: the campaign's own form, its stores, what they may change, and what they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.campaigns.forms import NEW, Fields, TypedFields, body_of, fields_of, major_units, plain_number
from engine.errors import Problem
from engine.offers.hq.campaigns import ALL_STORES, RANGED, WHOLE, HqCampaign
from engine.plan.model import Plan
from engine.storage.vouchers.hq.listed import StoredHq

ALL = "all_stores"
SHARED = ("shared_vouchers", "shared_amount")
"""Fields of the budget that its stores share."""
HOURS = ("valid_s", "web_valid_s")
PER_CENT = {"offer.basis_points": 100.0, "redeem_probability": 0.01}
"""What a form asks for in per cent, and how much of `campaigns-hq.yaml`'s unit that is."""


def hq_new() -> dict[str, str]:
    """A new campaign, as HQ's form begins: for all stores, which may change nothing."""
    return dict(NEW) | {ALL: "yes"}


def hq_fields(stored: StoredHq, plan: Plan) -> dict[str, str]:
    """HQ's campaign as its form shows it, in the money and the clock of `plan`."""
    hq = stored.campaign
    out = fields_of(hq.campaign, plan)
    out[ALL] = "yes" if ALL_STORES in hq.stores else ""
    out |= {f"store_{name}": "yes" for name in hq.stores if name != ALL_STORES}
    out["shared_vouchers"] = plain_number(hq.budget.max_vouchers)
    out["shared_amount"] = major_units(hq.budget.max_amount_minor, plan)
    for key, limit in hq.may_change.items():
        out |= {f"may_{key}": "yes"}
        out |= {f"from_{key}": shown_limit(key, limit.from_, plan), f"to_{key}": shown_limit(key, limit.to, plan)}
    return out


def hq_body(
    fields: Fields, plan: Plan, names: Sequence[str], base: HqCampaign | None
) -> tuple[dict[str, Any], list[Problem]]:
    """What the fields say, as `campaigns-hq.yaml` has it, on top of the campaign that is edited; and the fields that
    are no numbers. `names` are the stores that the form may name."""
    own, wrong = body_of(fields, plan, base.campaign if base else None)
    own.pop("stores", None)  # of a campaign's own file, which HQ's says for all
    read = TypedFields(fields, plan)
    budget = base.budget.model_dump(mode="json", exclude_none=True) if base else {}  # its pace is no field of the form
    shared = {"max_vouchers": read.whole("shared_vouchers"), "max_amount_minor": read.money("shared_amount")}
    budget = {key: value for key, value in (budget | shared).items() if value is not None}
    kept = [] if base is None else [name for name in base.stores if name not in (*names, ALL_STORES)]
    stores = [name for name in names if fields.get(f"store_{name}") == "yes"] + kept
    body = {
        "id": own.pop("id"),
        "stores": [ALL_STORES] if fields.get(ALL) == "yes" else stores,
        "may_change": _may_change(fields, read),
        "budget": budget,
        "campaign": own,
    }
    return body, wrong + read.wrong


def shown_limit(key: str, value: float | None, plan: Plan) -> str:
    """An end of a range in the unit that the form asks in."""
    if value is None:
        return ""
    if key.endswith("_minor"):
        return major_units(round(value), plan)
    return plain_number(value / 3600 if key in HOURS else value / PER_CENT.get(key, 1.0))


def unit_of(key: str, currency: str) -> str:
    """What the form asks for a limit in; empty where the key's name says it."""
    if key.endswith("_minor"):
        return currency
    return (
        "h"
        if key in HOURS
        else "%"
        if key in PER_CENT
        else "m"
        if key.endswith("_m")
        else "s"
        if key.endswith("_s")
        else ""
    )


def _may_change(fields: Fields, read: TypedFields) -> dict[str, Any]:
    out: dict[str, Any] = {key: True for key in WHOLE if fields.get(f"may_{key}") == "yes"}
    for key in RANGED:
        if fields.get(f"may_{key}") != "yes":
            continue
        ends = {end: _read_limit(read, key, f"{end}_{key}") for end in ("from", "to")}
        out[key] = {end: value for end, value in ends.items() if value is not None} or True
    return out


def _read_limit(read: TypedFields, key: str, name: str) -> float | None:
    if key.endswith("_minor"):
        return read.money(name)
    return read.number(name, 3600 if key in HOURS else PER_CENT.get(key, 1.0))
