"""A campaign as its row keeps it. What an older Rayon took and this one does not is brought as near as it goes.

A campaign that ends in the year 9999 ends in 2200 then: nobody's start fails for that, and what the rest of the store
offers goes on. What cannot be mended without a guess (above all what comes off a price) is left out, and named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from engine.errors import BusinessRefusal
from engine.offers.bounds import BREAKS, CONTROL, FIRST_YEAR, LAST_YEAR
from engine.offers.campaigns import Campaign
from engine.vocabulary import ProblemCode
from engine.wording import MistakeCode, validation_problems

ROUNDS = 3  # a model looks at the whole only once its parts are right
_DATE = re.compile(r"(\d{4})-(\d\d-\d\d)(.*)", re.DOTALL)


class UnreadableCampaign(BusinessRefusal):
    """A stored campaign that this version cannot use."""

    code = ProblemCode.INVALID_REQUEST
    status = 409


@dataclass(frozen=True, slots=True)
class Spec:
    """What a row says: the campaign, and what had to be mended; or None, and what is wrong. A sentence each."""

    campaign: Campaign | None
    mended: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def as_written(self) -> bool:
        """Whether nothing had to be done."""
        return not (self.mended or self.wrong)


def read_spec(text: str) -> Spec:
    """The campaign of a row's JSON."""
    mended: list[str] = []
    try:
        return Spec(Campaign.model_validate_json(text))
    except ValidationError as error:
        found, tree = error, _tree(text)
    for _ in range(ROUNDS):
        said = [f"{p.place} {p.reason} ({p.fix})" for p in validation_problems(found, "")]
        if not all(_mend(tree, each) for each in found.errors()):
            return Spec(None, wrong=tuple(said))
        mended += said
        try:
            return Spec(Campaign.model_validate_json(json.dumps(tree)), tuple(mended))
        except ValidationError as error:
            found = error
    return Spec(None, wrong=tuple(mended))


def campaign_of(text: str) -> Campaign:
    """The campaign of a row's JSON, mended where it must be. Raises UnreadableCampaign."""
    spec = read_spec(text)
    if spec.campaign is None:
        raise UnreadableCampaign(f"this version cannot use the campaign: {'; '.join(spec.wrong)}")
    return spec.campaign


def _tree(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _mend(tree: Any, found: Mapping[str, Any]) -> bool:
    """Brings one value as near to what it was as this version takes; False where that would be a guess."""
    holder, key = _place(tree, found["loc"])
    if holder is None:
        return False
    value, kind, limits = holder[key], str(found["type"]), found.get("ctx", {})
    if kind == "extra_forbidden":
        del holder[key]
        return True
    if kind == "string_too_long":
        holder[key] = value[: limits["max_length"]]
    elif kind in ("less_than_equal", "greater_than_equal") and found["loc"][0] != "offer":
        holder[key] = limits.get("le", limits.get("ge"))
    elif kind in (MistakeCode.YEAR, MistakeCode.CONTROL_CHARACTERS) and isinstance(value, str):
        holder[key] = _near(value) if _DATE.fullmatch(value) else BREAKS.sub(" ", CONTROL.sub("", value))
    return bool(holder[key] != value)


def _near(day: str) -> str:
    """The same day, as far as it exists, in the nearest year that is taken."""
    parts = _DATE.fullmatch(day)
    assert parts is not None
    year = min(max(int(parts[1]), FIRST_YEAR), LAST_YEAR)
    return f"{year}-{parts[2].replace('02-29', '02-28')}{parts[3]}"


def _place(tree: Any, path: Sequence[Any]) -> tuple[Any, Any]:
    """What holds the value at a path of pydantic's, which names kinds of offers that no tree has; (None, None) where
    there is no such value."""
    holder, key, node = None, None, tree
    for part in path:
        held = isinstance(node, dict) and part in node
        if held or (isinstance(node, list) and isinstance(part, int) and part < len(node)):
            holder, key, node = node, part, node[part]
        elif part == path[-1]:
            return None, None
    return holder, key
