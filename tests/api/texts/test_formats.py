"""Numbers, times and durations as each language writes them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from api.texts.language import Language
from api.texts.numbers import number, percent, plural, short_number, whole_percent
from api.texts.times import clock, duration, hour, long_date, moment, near_date, short_date, year

PARIS = "Europe/Paris"


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("seconds", "french", "english"),
    [
        (None, "–", "–"),
        (0, "0 s", "0 s"),
        (59.4, "59 s", "59 s"),
        (59.6, "1 min 00", "1 min 0 s"),
        (125, "2 min 05", "2 min 5 s"),
        (3599.4, "59 min 59", "59 min 59 s"),
        (3600, "1 h 00", "1 h 0 min"),
        (4205, "1 h 10", "1 h 10 min"),
        (90_000, "25 h 00", "25 h 0 min"),
    ],
)
def test_durations(seconds: float | None, french: str, english: str) -> None:
    assert (plain(duration(seconds, "fr")), plain(duration(seconds, "en"))) == (french, english)
    assert " " not in duration(seconds, "fr") + duration(seconds, "en")  # no line ends within one


def test_numbers() -> None:
    assert (number(12345.6, "fr", 1), number(12345.6, "en", 1)) == ("12\u202f345,6", "12,345.6")
    assert (number(-0.004, "fr", 2), number(Decimal("-0.4"), "en"), number(-0.006, "en", 2)) == ("0,00", "0", "-0.01")
    assert (short_number(0.25, "fr"), short_number(2.0, "en"), short_number(0.000012, "fr", 2)) == (
        "0,25",
        "2",
        "1,2e-05",
    )
    assert (percent(0.205, "fr"), percent(0.205, "en"), percent(1.0, "en")) == ("20,5\u202f%", "20.5%", "100%")
    assert (whole_percent(0.128, "fr"), whole_percent(0.128, "en")) == ("13\u202f%", "13%")


@pytest.mark.parametrize(
    ("n", "french", "english"),
    [(0, "one", "other"), (1, "one", "one"), (1.5, "one", "other"), (2, "other", "other"), (-1.9, "one", "other"),
     (-2, "other", "other")],
)  # fmt: skip
def test_plurals(n: float, french: str, english: str) -> None:
    assert (plural(n, "fr"), plural(n, "en")) == (french, english)


@pytest.mark.parametrize(
    ("lang", "short", "first", "long"),
    [("fr", "21 nov.", "1er janv.", "1er août 2026"), ("en", "21 Nov", "1 Jan", "1 August 2026")],
)
def test_days_are_those_of_the_store(lang: Language, short: str, first: str, long: str) -> None:
    late = dt.datetime(2026, 11, 20, 23, 30, tzinfo=dt.UTC).timestamp()
    eve = dt.datetime(2026, 12, 31, 23, 30, tzinfo=dt.UTC).timestamp()
    assert plain(short_date(late, PARIS, lang)) == short
    assert (plain(short_date(eve, PARIS, lang)), year(eve, PARIS)) == (first, "2027")
    assert [plain(near_date(t, late, PARIS, lang)) for t in (late, eve)] == [short, f"{first} 2027"]
    assert plain(long_date(dt.date(2026, 8, 1), lang)) == long
    assert (clock(late, PARIS), clock(late, PARIS, seconds=True)) == ("00:30", "00:30:00")


def test_hours() -> None:
    assert [plain(hour(h, "fr")) for h in (9, 24)] == ["9 h", "24 h"]
    assert [hour(h, "en") for h in (9, 24)] == ["09:00", "24:00"]


@pytest.mark.parametrize(
    ("value", "fr", "en"),
    [(0.123456789, "0,123457", "0.123457"), (1234567.0, "1,23457e+06", "1.23457e+06"), (100.0, "100", "100")],
)
def test_six_digits_say_enough(value: float, fr: str, en: str) -> None:
    assert (short_number(value, "fr"), short_number(value, "en")) == (fr, en)


@pytest.mark.parametrize(
    ("share", "exact", "whole"),
    [
        (0.12345, "12.35%", "12%"),
        (0.125, "12.5%", "12%"),
        (0.0, "0%", "0%"),
        (-0.051, "-5.1%", "-5%"),
        (2.0, "200%", "200%"),
    ],
)
def test_shares_have_two_decimals_or_none(share: float, exact: str, whole: str) -> None:
    assert (percent(share, "en"), whole_percent(share, "en")) == (exact, whole)


def test_numbers_have_no_decimals_unless_it_is_said() -> None:
    assert (number(2.5, "en"), number(3.5, "en"), number(1e6, "fr")) == ("2", "4", "1\u202f000\u202f000")


def test_a_moment_is_a_day_and_a_time_in_the_store() -> None:
    at = dt.datetime(2026, 11, 30, 23, 5, tzinfo=dt.UTC).timestamp()
    assert [plain(moment(at, PARIS, lang)) for lang in ("fr", "en")] == [
        "1er décembre 2026, 00:05",
        "1 December 2026, 00:05",
    ]
    assert [hour(h, "en") for h in (0, 23)] == ["00:00", "23:00"]
    assert plain(duration(60, "fr")) == "1 min 00"
    assert plain(duration(3660, "en")) == "1 h 1 min"
