"""Hours of quiet that ended when they began kept a shopper, or a campaign, quiet all day, and nobody was told.

In: quiet from 22:00 to 22:00, from 24:00 to 00:00. Right: refused, with how to write the whole day; 00:00 to 24:00 is
that, and hours of work from nine to nine stay a day of them.
"""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from api.shoppers.wallet.schemas import WishRequest
from engine.offers.hours import When

SAME = [("22:00", "22:00"), ("24:00", "00:00"), ("24:00", "24:00")]
OTHER = [("22:00", "21:59"), ("00:00", "24:00"), ("00:00", "00:01")]


@pytest.mark.parametrize(("begins", "ends"), SAME + OTHER)
def test_quiet_that_ends_when_it_begins_is_refused(begins: str, ends: str) -> None:
    hours = {"from": begins, "to": ends}
    when = When.model_validate_json(json.dumps({"quiet_hours": [hours], "hours": [hours]}))
    said = [(problem.place, problem.fix) for problem in when.findings()]
    fix = "for the whole day write 00:00 to 24:00, for none leave them out"
    assert said == ([("when.quiet_hours.0.to", fix)] if (begins, ends) in SAME else [])


@pytest.mark.parametrize(("begins", "ends"), SAME)
def test_so_is_a_shoppers_own(begins: str, ends: str) -> None:
    with pytest.raises(ValidationError, match="the hours end when they begin: for the whole day write"):
        WishRequest.model_validate({"quiet": {"from": begins, "to": ends}})
