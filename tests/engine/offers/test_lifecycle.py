"""A campaign's life: what may follow what, and when it takes two people."""

from __future__ import annotations

import pytest

from engine.offers.campaigns import CampaignState
from engine.offers.lifecycle import (
    CampaignNotApproved,
    WrongCampaignState,
    as_draft_if,
    check_change,
    is_second_person,
    may_spend_minor,
    needs_second,
    nobody_asks,
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


@pytest.mark.parametrize(
    ("budget", "worth_minor", "most"),
    [
        ({"max_vouchers": 10}, 0, None),  # of coupons whose worth nobody knows a number bounds nothing
        ({"max_vouchers": 0}, 0, 0),
        ({"max_vouchers": 10}, 1, 10),
        ({"max_vouchers": 10, "max_amount_minor": 500}, 0, 500),
        ({"max_vouchers": 0, "max_amount_minor": 500}, 0, 0),
        ({"max_amount_minor": 0}, 99, 0),
    ],
)
def test_what_coupons_of_a_known_worth_come_to(budget: dict[str, int], worth_minor: int, most: int | None) -> None:
    made = campaign(budget=budget)
    assert may_spend_minor(made, worth_minor) == most
    for above in (0, 10, 500):
        assert needs_second(made, worth_minor, above) is (most is None or most > above)
    assert not nobody_asks(made)


KEY, OTHER, THIRD = "0123456789abcdef", "fedcba9876543210", "00000000000000ff"
HELD = {KEY: "ana", OTHER: "ben"}


@pytest.mark.parametrize(
    ("by", "author", "second"),
    [
        ("ben", "ana", True), ("ana", "ana", False), ("", "ana", False), ("", "file", False), ("file", "ana", False),
        ("ana", "file", True), (KEY, "file", True), (THIRD, "file", True),  # a file is nobody
        (KEY, "ana", False), (KEY, "ben", True), ("ana", KEY, False), ("ben", KEY, True),  # a key is whoever holds it
        (THIRD, "ana", False), ("ana", THIRD, False),  # of which nobody has said whose it is
        (THIRD, KEY, True), (KEY, THIRD, True), (KEY, OTHER, True), (KEY, KEY, False),
        (KEY[:-1], "ana", True), (KEY.upper(), "ana", True),  # no fingerprint: an account's name
    ],
)  # fmt: skip
def test_who_is_somebody_else_as_far_as_names_can_say(by: str, author: str, second: bool) -> None:
    assert is_second_person(by, author, HELD) is second
    assert not is_second_person(KEY, OTHER, {KEY: "ana", OTHER: "ana"}), "two keys of one account"
    if "ana" in (by, author) and KEY in (by, author):
        assert not is_second_person(by, author), "without holders it may be anybody"


@pytest.mark.parametrize(
    ("state", "to", "approved", "by", "error"),
    [
        (S.APPROVED, S.RUNNING, True, "ana", None), (S.APPROVED, S.RUNNING, False, "ben", "second person"),
        (S.PAUSED, S.RUNNING, False, "ben", "second person"), (S.ENDED, S.RUNNING, True, "ana", None),
        (S.DRAFT, S.APPROVED, False, KEY, "cannot approve"), (S.DRAFT, S.APPROVED, False, OTHER, None),
        (S.RUNNING, S.PAUSED, False, "ana", None), (S.RUNNING, S.ENDED, False, "ana", None),
        (S.APPROVED, S.DRAFT, False, "ana", None),
    ],
)  # fmt: skip
def test_what_asks_for_a_second_person(state: S, to: S, approved: bool, by: str, error: str | None) -> None:
    def change() -> None:
        check_change(campaign(state=state), to, second=True, author="ana", by=by, approved=approved, holders=HELD)

    if error is None:
        change()
        return
    with pytest.raises(CampaignNotApproved, match=error):
        change()


def test_what_waits_is_a_draft() -> None:
    made = campaign(state="running")
    assert as_draft_if(made, False) is made
    assert as_draft_if(made, True) == campaign(state="draft")
