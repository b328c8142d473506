"""HQ's campaigns in words: what changed between versions, what a store may change, what a version comes to there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.campaigns.changes import Change, change_lines
from api.campaigns.hq.forms import SHARED, shown_limit
from api.campaigns.mistakes import Mistake, key_words, say_mistakes
from api.texts.catalogue import Words
from api.texts.language import Language
from engine.errors import Problem
from engine.offers.hq.campaigns import ALL_STORES
from engine.offers.hq.terms import term_changes
from engine.plan.model import Plan
from engine.storage.vouchers.hq.giving import StoreOutcome


def hq_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], t: Words, lang: Language, plan: Plan
) -> list[tuple[str, str, str, str]]:
    """What differs between two versions: words, what it was, what it is, and the key as `campaigns-hq.yaml` has it."""
    found = term_changes(_flat(before, t, plan), _flat(after, t, plan))
    lines = []
    for change in found:
        of, _, key = change[0].partition(".")
        [line] = change_lines([_without_prefix(change, of)], t, lang, plan)
        lines.append((_words(of, key, t), line[1], line[2], change[0]))
    return lines


def hq_key_words(key: str, t: Words) -> str:
    """What a key of a campaign is called; the key itself where HQ cannot let a store change it."""
    return t.hq_keys[key] if key in t.hq_keys else key_words(key, t)


def hq_mistakes(problems: Sequence[Problem], t: Words, lang: Language, plan: Plan, kind: str = "") -> list[Mistake]:
    """Mistakes of HQ's form, at the fields of the campaign's."""
    return [_at_field(problem, t, lang, plan, kind) for problem in problems]


def _at_field(problem: Problem, t: Words, lang: Language, plan: Plan, kind: str) -> Mistake:
    own = replace(problem, place=problem.place.replace("body.campaign.", "body.", 1))
    [said] = say_mistakes([own], t, lang, plan, kind)
    of, _, key = problem.place.removeprefix("body.").partition(".")
    if of == "form" and key in SHARED:
        return replace(said, field=key, label=t.campaign_fields[key])
    if of == "form" and key.partition("_")[0] in ("from", "to"):
        return replace(said, label=f"{t.hq.may_change} · {hq_key_words(key.partition('_')[2], t)}")
    if of == "stores":
        return replace(said, field=of, label=t.hq.stores)
    if of == "budget":
        field = "shared_vouchers" if key == "max_vouchers" else "shared_amount"
        return replace(said, field=field, label=t.campaign_fields[field])
    if of == "may_change":
        key = key.removesuffix(".from").removesuffix(".to")
        return replace(said, field="", label=f"{t.hq.may_change} · {hq_key_words(key, t)}")
    return said


def outcome_row(found: StoreOutcome, plan: Plan | None, model: Plan, t: Words, lang: Language) -> dict[str, Any]:
    """What a version comes to in a store, as its page has it; `plan` None: the site has no such store."""
    of = plan or model
    return {
        "store": plan.name if plan else found.store,
        "change": t.hq_changes[found.change],
        "why": [m.sentence if plan else t.hq.no_store for m in say_mistakes(found.why, t, lang, of)],
        "kept": [hq_key_words(key, t) for key in found.kept],
        "lost": [t.hq.lost.format(label=m.label, sentence=m.sentence) for m in say_mistakes(found.lost, t, lang, of)],
        "waits": found.waits,
    }  # fmt: skip


def _without_prefix(change: Change, of: str) -> Change:
    return change[0].removeprefix(f"{of}."), change[1], change[2]


def _words(of: str, key: str, t: Words) -> str:
    if of == "stores":
        return t.hq.stores
    if of == "may_change":
        return f"{t.hq.may_change} · {hq_key_words(key, t)}"
    if of == "budget":
        return f"{t.hq.shared} · {key_words(key, t)}"
    return key_words(key, t)


def _flat(said: Mapping[str, Any], t: Words, plan: Plan) -> dict[str, Any]:
    """A version with its limits in words, so that a key that may be anything differs from one that may not."""
    own = {key: value for key, value in said["campaign"].items() if key not in ("state", "id")}
    limits = {key: limit_words(key, limit, t, plan) for key, limit in said["may_change"].items()}
    stores = t.hq.every_store if ALL_STORES in said["stores"] else list(said["stores"])
    return {"stores": stores, "may_change": limits, "budget": said["budget"], "campaign": own}


def limit_words(key: str, limit: Mapping[str, float | None], t: Words, plan: Plan) -> str:
    """What a store may make of a key."""
    low, high = (shown_limit(key, limit.get(end), plan) for end in ("from", "to"))
    if not low and not high:
        return t.hq.anything
    if not low:
        return t.hq.at_most.format(n=high)
    return t.hq.at_least.format(n=low) if not high else f"{low}–{high}"
