"""A campaign's life: drawn up, approved, running, paused, ended; and what may follow what.

A campaign that may spend more than a configured sum needs two people: whoever wrote its terms, and another who approves
them. What it may spend is what its budget bounds; without a budget nothing does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from engine.errors import BusinessRefusal
from engine.offers.campaigns import Campaign, CampaignState
from engine.vocabulary import ProblemCode

NEXT: Mapping[CampaignState, tuple[CampaignState, ...]] = {
    CampaignState.DRAFT: (CampaignState.APPROVED, CampaignState.ENDED),
    CampaignState.APPROVED: (CampaignState.RUNNING, CampaignState.DRAFT, CampaignState.ENDED),
    CampaignState.RUNNING: (CampaignState.PAUSED, CampaignState.ENDED),
    CampaignState.PAUSED: (CampaignState.RUNNING, CampaignState.ENDED),
    CampaignState.ENDED: (CampaignState.DRAFT, CampaignState.RUNNING),
}
"""Where a campaign may go from each state. One that has ended may be drawn up anew, or run again as it was."""


FROM_FILE = "file"
"""Who wrote what came from `campaigns.yaml`: whoever may edit the site's files."""

NOBODY: Mapping[str, str] = {}
_KEY = re.compile("[0-9a-f]{16}")  # how logs call a key: its fingerprint


SPEAKS = (CampaignState.RUNNING, CampaignState.APPROVED)
"""States that take a second person's yes where the terms ask for it."""

NeedsSecond = Callable[[Campaign], bool]
"""Whether the terms of a campaign need a second person's yes in its store."""


def nobody_asks(_campaign: Campaign) -> bool:
    """Where no campaign needs a second person."""
    return False


def as_draft_if(campaign: Campaign, waits: bool) -> Campaign:
    """The campaign, as a draft where it waits for a second person."""
    return campaign.model_copy(update={"state": CampaignState.DRAFT}) if waits else campaign


class CampaignNotApproved(BusinessRefusal):
    """Nobody but its author has approved the terms of a campaign that may spend much."""

    code = ProblemCode.CAMPAIGN_NOT_APPROVED
    status = 409


class WrongCampaignState(BusinessRefusal):
    """The campaign cannot go there from where it is."""

    code = ProblemCode.CAMPAIGN_STATE
    status = 409


def may_spend_minor(campaign: Campaign, worth_minor: int) -> int | None:
    """The most that its coupons can take off, each worth `worth_minor`; None where no budget says.

    A share of a basket or category has no worth that is known before (0): then a number of coupons bounds nothing.
    """
    budget = campaign.budget
    bounds = [budget.max_amount_minor] if budget.max_amount_minor is not None else []
    if budget.max_vouchers is not None and (worth_minor > 0 or budget.max_vouchers == 0):
        bounds.append(budget.max_vouchers * worth_minor)
    return min(bounds) if bounds else None


def needs_second(campaign: Campaign, worth_minor: int, above_minor: int | None) -> bool:
    """Whether its terms need a second person's yes; `above_minor` None: no campaign's do."""
    if above_minor is None:
        return False
    most = may_spend_minor(campaign, worth_minor)
    return most is None or most > above_minor


def is_second_person(by: str, author: str, holders: Mapping[str, str] = NOBODY) -> bool:
    """Whether `by` is somebody else than whoever wrote terms, as far as names can say.

    A file is nobody. `holders` are the accounts that have keys, by the keys' fingerprints: a key is whoever holds it.
    Of a key whose holder nobody has said, it may be anybody: it is no second person to an account, nor an account to
    it, and another key is.
    """
    if by in ("", FROM_FILE, author):
        return False
    is_key, was_key = (_KEY.fullmatch(name) is not None for name in (by, author))
    if author == FROM_FILE or not (is_key or was_key):
        return True
    who = holders.get(by, "") if is_key else by
    whose = holders.get(author, "") if was_key else author
    return who != whose if who and whose else is_key and was_key


def check_change(
    campaign: Campaign,
    to: CampaignState,
    *,
    second: bool,
    author: str,
    by: str,
    approved: bool,
    holders: Mapping[str, str] = NOBODY,
) -> None:
    """Whether `by` may bring the campaign to a state, whose terms `author` wrote; `second`: they need two people.

    `holders` are as in `is_second_person`; `approved` is whether another than the author approved these terms before.
    Raises CampaignNotApproved, WrongCampaignState.
    """
    if to is not campaign.state and to not in NEXT[campaign.state] and not _short_cut(campaign.state, to, second):
        raise WrongCampaignState(f"a campaign that is {campaign.state} cannot become {to}")
    if second and to is CampaignState.APPROVED and not is_second_person(by, author, holders):
        raise CampaignNotApproved("whoever wrote these terms cannot approve them: ask somebody else")
    if second and to is CampaignState.RUNNING and not approved:
        raise CampaignNotApproved("its budget asks for a second person: somebody else has to approve these terms first")


def _short_cut(state: CampaignState, to: CampaignState, second: bool) -> bool:
    """What needs no second person may be started, paused and ended at once, as programs do."""
    return not second and state is CampaignState.DRAFT and to is CampaignState.RUNNING


def state_after_edit(state: CampaignState, *, second: bool, terms_changed: bool) -> CampaignState:
    """The state of a campaign whose terms were edited: new terms that need a second person are a draft again."""
    if terms_changed and (second or state is CampaignState.APPROVED) and state is not CampaignState.ENDED:
        return CampaignState.DRAFT
    return state
