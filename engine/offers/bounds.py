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
CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u180e\u200b\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""What nobody sees, and what turns the order of letters: a word may hide behind it, or a name be none. The joiners of
emoji and scripts are not among them."""
BREAKS = re.compile("[\t\n\r]+")
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"


def _plain(text: str) -> str:
    if CONTROL.search(text):
        raise PydanticCustomError("control_characters", "control characters are not taken")
    return text


def _one_line(text: str) -> str:
    """A name or title: subjects of letters and names of files are made of it."""
    if BREAKS.search(_plain(text)):
        raise PydanticCustomError("control_characters", "control characters and line breaks are not taken")
    if text and not text.strip(f"{_JOINERS} \u00a0\u202f\u3000"):
        raise PydanticCustomError("string_too_short", "is empty", {"min_length": 1})
    return text


def _near(day: dt.date) -> dt.date:
    """A date of which a day before, a day after and every zone's clock exist too."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise PydanticCustomError("year", "the year must be from 1970 to 2200")
    return day


Plain = Annotated[str, AfterValidator(_plain)]
"""Text without control characters; line breaks and tabs are texts' own."""

OneLine = Annotated[str, AfterValidator(_one_line)]
"""The same without line breaks and tabs, and with something to see."""

Day = Annotated[dt.date, AfterValidator(_near)]
Moment = Annotated[AwareDatetime, AfterValidator(_near)]
