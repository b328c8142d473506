"""What a store may change of HQ's campaign, and what it has changed: by key, with the limit in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import Problem
from engine.offers.hq.campaigns import HqCampaign
from engine.offers.hq.terms import term_changes
from engine.wording import MistakeCode


def limit_findings(hq: HqCampaign, given: Mapping[str, Any], wanted: Mapping[str, Any], at: str) -> list[Problem]:
    """What of a store's terms HQ does not let it change so.

    `given` is what HQ gave the store, `wanted` what the store would have, both as `terms_of` says them; `at` is the
    place of the campaign, before its keys.
    """
    found = (_finding(hq, key, was, now, at) for key, was, now in term_changes(given, wanted))
    return [problem for problem in found if problem is not None]


def local_keys(hq: HqCampaign, given: Mapping[str, Any], runs: Mapping[str, Any]) -> list[str]:
    """The keys in which a store differs from what HQ gave it: keys of `may_change` where they are such."""
    changed = [key for key, _, _ in term_changes(given, runs)]
    return sorted({_changeable(hq, key) or key for key in changed})


def _changeable(hq: HqCampaign, key: str) -> str | None:
    """The key of `may_change` that a key path is or lies below."""
    return next((name for name in hq.may_change if key == name or key.startswith(f"{name}.")), None)


def _finding(hq: HqCampaign, key: str, was: Any, now: Any, at: str) -> Problem | None:
    name = _changeable(hq, key)
    if name is None:
        values = {"given": "—" if was is None or isinstance(was, list | dict) else was}
        return _problem(
            at, key, "HQ decides this for all its stores", f"leave it at {was!r}", MistakeCode.HQ_KEEPS, values
        )
    limit = hq.may_change[name]
    if limit.holds(now):
        return None
    low, high = limit.from_, limit.to
    if low is None:
        reason, code, fix = "is more than HQ lets a store give", MistakeCode.HQ_AT_MOST, f"{high:g} at most"
    elif high is None:
        reason, code, fix = "is less than HQ lets a store give", MistakeCode.HQ_AT_LEAST, f"{low:g} at least"
    else:
        reason, code, fix = "is outside what HQ lets a store give", MistakeCode.HQ_BETWEEN, f"{low:g} to {high:g}"
    limits = {name: value for name, value in (("low", low), ("high", high)) if value is not None}
    return _problem(at, key, reason, fix, code, limits)


def _problem(at: str, key: str, reason: str, fix: str, code: MistakeCode, values: Mapping[str, object]) -> Problem:
    return Problem(at, f"{at}.{key}", reason, fix, code=code, values=values)
