"""A campaign's life: what may follow what, and when it takes two people."""

from __future__ import annotations

import pytest

from engine.offers.campaigns import CampaignState
from engine.offers.lifecycle import (
    CampaignNotApproved,
    WrongCampaignState,
    check_change,
    may_spend_minor,
    needs_second,
    state_after_edit,
)
from tests.api.site import campaign

S = CampaignState


@pytest.mark.parametrize(
    ("budget", "most"),
    [
        ({}, None),
        ({"max_vouchers": 10}, 990),
        ({"max_amount_minor": 500}, 500),
        ({"max_vouchers": 10, "max_amount_minor": 500}, 500),
        ({"max_vouchers": 2, "max_amount_minor": 500}, 198),
    ],
)
def test_what_a_campaign_may_spend(budget: dict[str, int], most: int | None) -> None:
    made = campaign(budget=budget)
    assert may_spend_minor(made, 99) == most
    assert needs_second(made, 99, 400) == (most is None or most > 400)
    assert not needs_second(made, 99, None)


@pytest.mark.parametrize(
    ("state", "to", "second", "fine"),
    [
        (S.DRAFT, S.APPROVED, False, True),
        (S.DRAFT, S.RUNNING, False, True),  # what needs no second person may start at once
        (S.DRAFT, S.RUNNING, True, False),
        (S.DRAFT, S.PAUSED, False, False),
        (S.APPROVED, S.RUNNING, False, True),
        (S.RUNNING, S.PAUSED, True, True),
        (S.RUNNING, S.APPROVED, False, False),
        (S.PAUSED, S.RUNNING, False, True),
        (S.ENDED, S.RUNNING, False, True),
        (S.ENDED, S.PAUSED, False, False),
        (S.PAUSED, S.PAUSED, False, True),
    ],
)
def test_what_may_follow_what(state: S, to: S, second: bool, fine: bool) -> None:
    def change() -> None:
        check_change(campaign(state=state), to, second=second, author="ana", by="ben", approved=second)

    if fine:
        change()
    else:
        with pytest.raises(WrongCampaignState):
            change()


def test_an_author_approves_nothing_that_needs_two() -> None:
    draft = campaign(state="draft")
    with pytest.raises(CampaignNotApproved, match="cannot approve"):
        check_change(draft, S.APPROVED, second=True, author="ana", by="ana", approved=False)
    check_change(draft, S.APPROVED, second=True, author="ana", by="ben", approved=False)
    check_change(draft, S.APPROVED, second=False, author="ana", by="ana", approved=False)
    with pytest.raises(CampaignNotApproved, match="second person"):
        check_change(campaign(state="approved"), S.RUNNING, second=True, author="ana", by="ben", approved=False)


def test_new_terms_are_a_draft_again() -> None:
    assert state_after_edit(S.RUNNING, second=True, terms_changed=True) is S.DRAFT
    assert state_after_edit(S.RUNNING, second=False, terms_changed=True) is S.RUNNING
    assert state_after_edit(S.APPROVED, second=False, terms_changed=True) is S.DRAFT
    assert state_after_edit(S.APPROVED, second=True, terms_changed=False) is S.APPROVED
    assert state_after_edit(S.ENDED, second=True, terms_changed=True) is S.ENDED
