"""What every campaign keeps to, whichever door it comes in by: plain text, dates that calendars can work with, sums."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime
from pydantic_core import PydanticCustomError

MOST = 10**14
"""No budget is larger: every reader of JSON keeps it exact, and a column of 64 bits holds sums of many of them."""

FIRST_YEAR, LAST_YEAR = 1970, 2200
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def _plain(text: str) -> str:
    if _CONTROL.search(text):
        raise PydanticCustomError("control_characters", "control characters are not taken")
    return text


def _near(day: dt.date) -> dt.date:
    """A date of which a day before, a day after and every zone's clock exist too."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise PydanticCustomError("year", "the year must be from 1970 to 2200")
    return day


Plain = Annotated[str, AfterValidator(_plain)]
"""Text without control characters; line breaks and tabs are texts' own."""

Day = Annotated[dt.date, AfterValidator(_near)]
Moment = Annotated[AwareDatetime, AfterValidator(_near)]
