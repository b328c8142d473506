"""What French law lets off a price, as dated rows. Engineering input, not legal advice.

A row holds from its first to its last day, both included, in the shop's own days. A test fails by itself when the last
day of a row is over: then read the law again, and write the next row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

FULL_BP = 10_000

OVERSEAS_DEPARTMENTS = frozenset(
    {"America/Guadeloupe", "America/Martinique", "America/Cayenne", "Indian/Reunion", "Indian/Mayotte"}
)
"""Time zones of the departments that the promotion caps do not hold in."""


@dataclass(frozen=True, slots=True)
class LegalRow:
    """One rule about one class of goods: at most `cap_bp` (basis points) off the price paid, whatever the form of the
    advantage, immediate and loyalty ones together; 0 means that it may not be promoted at all."""

    legal_class: str
    cap_bp: int
    first_day: dt.date
    last_day: dt.date | None
    source: str
    overseas: bool = True

    def holds(self, day: dt.date | None, timezone: str = "") -> bool:
        """Whether the row holds on a day in a shop of this time zone; without a day, as long as it stands here."""
        if not self.overseas and timezone in OVERSEAS_DEPARTMENTS:
            return False
        return day is None or (self.first_day <= day and (self.last_day is None or day <= self.last_day))


_FOOD = "ordonnance 2018-1128, art. 3 (loi 2018-938, art. 15), loi 2025-337"
_GOODS = "loi 2023-221 (Descrozaille), art. 7; D.441-1 C. com."
_FOOD_FROM, _GOODS_FROM, _UNTIL = dt.date(2019, 1, 1), dt.date(2024, 3, 1), dt.date(2028, 4, 15)

ROWS: tuple[LegalRow, ...] = (
    LegalRow("food", 3400, _FOOD_FROM, _UNTIL, _FOOD, overseas=False),
    LegalRow("pet_food", 3400, _FOOD_FROM, _UNTIL, _FOOD, overseas=False),
    LegalRow("alcohol", 3400, _FOOD_FROM, _UNTIL, f"{_FOOD}; règlement 178/2002, art. 2", overseas=False),
    LegalRow("everyday", 3400, _GOODS_FROM, dt.date(2025, 4, 15), _GOODS, overseas=False),
    LegalRow("everyday", 4000, dt.date(2025, 4, 16), _UNTIL, f"{_GOODS}; loi 2025-337", overseas=False),
    LegalRow("", 3400, _FOOD_FROM, _UNTIL, "as food, until products.csv says what it is", overseas=False),
    LegalRow("book", 500, dt.date(1982, 1, 1), None, "loi 81-766 (Lang), art. 1"),
    LegalRow("infant_formula", 0, dt.date(2020, 2, 22), None, "règlement délégué (UE) 2016/127, art. 10"),
    LegalRow("tobacco", 0, dt.date(1991, 1, 10), None, "L.3512-4 CSP, L.3513-4 CSP"),
)
"""All caps, a class's newest last. A class that is not here, `other`, has none."""

NO_GRATUIT = LegalRow("food", FULL_BP, _FOOD_FROM, None, "L.443-1 C. com. (loi 2018-938)")
LOI_EVIN = LegalRow("alcohol", FULL_BP, dt.date(1991, 1, 10), None, "L.3323-2 CSP, L.3323-4 CSP")
WORDINGS = (NO_GRATUIT, LOI_EVIN)
"""Rules about words, which know no cap."""


def rows_on(day: dt.date | None, timezone: str = "") -> Mapping[str, LegalRow]:
    """The row that holds for each class; without a day, the newest that stands here."""
    return {row.legal_class: row for row in ROWS if row.holds(day, timezone)}


def class_of(legal_class: str) -> str:
    """A class under the name that the rows have for it: `hygiene` is read as `everyday`."""
    return "everyday" if legal_class == "hygiene" else legal_class


def caps_on(day: dt.date | None, timezone: str = "") -> Mapping[str, int]:
    """The most that may come off the price paid, in basis points by legal class."""
    caps = {legal_class: row.cap_bp for legal_class, row in rows_on(day, timezone).items()}
    return caps | ({"hygiene": caps["everyday"]} if "everyday" in caps else {})


def caps_at(now: float, timezone: str) -> Mapping[str, int]:
    """The same at a time (s, UTC), in a shop of this time zone."""
    return caps_on(day_at(now, timezone), timezone)


def day_at(now: float, timezone: str) -> dt.date:
    """The day it is at a time (s, UTC) in a shop of this time zone."""
    return dt.datetime.fromtimestamp(now, ZoneInfo(timezone)).date()
