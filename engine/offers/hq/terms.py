"""Terms of a campaign as JSON, key by key: what differs, and one value put in another's place."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from engine.offers.campaigns import Campaign


def terms_of(campaign: Campaign) -> dict[str, Any]:
    """What a campaign says, but for its state."""
    whole: dict[str, Any] = json.loads(campaign.model_dump_json(by_alias=True))
    del whole["state"]
    return whole


def term_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """What differs between two campaigns as JSON, by key path: (key, before, after); None where there was nothing."""
    old, new = _flat(before), _flat(after)
    return [
        (key, old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)
    ]


def with_value(terms: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """The same terms with another value at a key path."""
    out = copy.deepcopy(dict(terms))
    *above, last = key.split(".")
    holder = out
    for part in above:
        if not isinstance(holder.get(part), dict):
            holder[part] = {}
        holder = holder[part]
    holder[last] = value
    return out


def _flat(tree: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in tree.items():
        out |= _flat(value, f"{at}{key}.") if isinstance(value, Mapping) else {f"{at}{key}": value}
    return out
