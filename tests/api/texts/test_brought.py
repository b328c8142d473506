"""What an opening brought: how many points, where they are, and why, by the store's clock."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from api.texts.brought import points_why, said_openings
from engine.storage.loyalty.my_shares import SharePoints
from engine.vocabulary import PointsState

PARIS = "Europe/Paris"
SINCE = dt.datetime(2026, 11, 21, 23, 30, tzinfo=ZoneInfo(PARIS)).timestamp()
UNTIL = SINCE + 86_400.0


@pytest.mark.parametrize(
    ("state", "until", "sooner", "said"),
    [
        (PointsState.PENDING, UNTIL, False,
         "A friend opened the link on 21 Nov 23:30. Available on 22 Nov 23:30, sooner if they use the offer."),
        (PointsState.REVIEW, None, False,
         "The link was opened several times from one place, on 21 Nov 23:30: the store is checking."),
        (PointsState.ACTIVE, None, False, "A friend opened the link on 21 Nov 23:30."),
        (PointsState.ACTIVE, None, True, "A friend opened the link on 21 Nov 23:30, and used the offer."),
        (PointsState.REFUSED, None, True, "The store did not count the opening of 21 Nov 23:30."),
        (PointsState.CAPPED, None, False, "Opened on 21 Nov 23:30: you had as many points as there are for this."),
    ],
)  # fmt: skip
def test_why_points_are_where_they_are(state: PointsState, until: float | None, sooner: bool, said: str) -> None:
    found = points_why(SharePoints(SINCE, 5, state, until, sooner), PARIS, "en")
    assert found.replace("\u00a0", " ") == said


def test_each_opening_has_its_points_their_state_and_why() -> None:
    openings = [SharePoints(SINCE, 1, PointsState.ACTIVE), SharePoints(SINCE, 5, PointsState.REFUSED)]
    said = said_openings(openings, PARIS, "en")
    assert [(one["points"], one["state"]) for one in said] == [("1 point", "available"), ("5 points", "refused")]
    assert [one["why"] for one in said] == [points_why(one, PARIS, "en") for one in openings]
    assert said_openings([], PARIS, "fr") == []
