"""A year as its tables tell it: the calendar, seasons, people who come again, coupons with a known effect."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy import stats

from engine.errors import OperatorError
from engine.files.outcomes import read_coupons, read_hours, read_visits
from simulators.scenario.files import load_scenario
from simulators.scenario.people import WEEKDAYS
from simulators.scenario.year import Weather
from simulators.year.calendar import easter, event_days, public_holidays, weather_factors
from simulators.year.checks import year_problems
from simulators.year.recording import record_year
from simulators.year.rows import TABLES
from simulators.year.tables import GrowingTable
from simulators.year.year import Year
from tests.simulators.made import scenario, small_plan

OPEN = {day: {"opens": "09:00", "closes": "19:00"} for day in WEEKDAYS[:6]}
YEAR: dict[str, Any] = {
    "starts_at": datetime.fromisoformat("2025-01-01T00:00:00+01:00"),
    "people": {
        "arrivals_per_hour": 20.0,
        "opening_hours": OPEN,
        "arrivals_by_weekday": {"mon": 0.7, "sat": 1.6},
        "arrivals_by_hour": {17: 2.0},
        "groups": {"share": 0.2, "size_mean": 2.2},
        "list_length_mean": 2,
    },
    "phones": {"consent_share": 1.0, "sign_in_share": 0.9, "connected_share": 0.8, "open_share": 0.8},
}
RESPONSES = {"milk": {"buy_share": 0.4, "uplift": 0.2}, "household": {"buy_share": 0.6, "uplift": -0.1}}


def made(year: dict[str, Any], **changes: dict[str, Any]) -> Year:
    raw = {**YEAR, "year": year}
    for section, keys in changes.items():
        raw[section] = {**raw[section], **keys}
    return Year(scenario(**raw), small_plan())


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def on(rows: list[dict[str, str]], figure: str, month: int | None = None, weekday: int | None = None) -> float:
    """The mean of a figure over open days of a month and a day of the week."""
    found = [
        float(r[figure])
        for r in rows
        if r["opened"] == "1"
        and month in (None, int(r["date"][5:7]))
        and weekday in (None, date.fromisoformat(r["date"]).weekday())
    ]
    return float(np.mean(found))


def local(t: str) -> datetime:
    return datetime.fromtimestamp(float(t), ZoneInfo("Europe/Paris"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole year of the small store, with everything in it."""
    out = tmp_path_factory.mktemp("year")
    year = {
        "by_month": {7: 0.5, 12: 1.5},
        "open_holidays": ["ascension"],
        "closed_on": ["2025-03-04"],
        "opened_on": {"2025-12-21": {"opens": "10:00", "closes": "12:00"}},
        "events": {"winter-sales": {"factor": 2.0}, "wine-fair": WINE_FAIR},
        "weather": {"sd": 0.0},
        "shoppers": {"count": 4000, "frequency_shape": 0.6},
        "coupons": {"from_day": "2025-02-01", "holdout_share": 0.3, "per_week": 2},
    }
    days: list[int] = []
    record_year(made(year, phones={"responses": RESPONSES}), out, lambda: days.append(1))
    assert len(days) == 365
    return out


WINE_FAIR = {"from_day": "2025-09-01", "until_day": "2025-09-30", "factor": 1.0, "by_category": {"household": 8.0}}


@pytest.mark.parametrize(
    ("year", "day"),
    [(2008, "03-23"), (2019, "04-21"), (2024, "03-31"), (2025, "04-20"), (2026, "04-05"), (2038, "04-25")],
)
def test_easter_falls_where_it_fell(year: int, day: str) -> None:
    assert easter(year) == date.fromisoformat(f"{year}-{day}")


def test_easter_is_a_sunday_after_the_equinox() -> None:
    for year in range(1900, 2200):
        sunday = easter(year)
        assert sunday.weekday() == 6
        assert date(year, 3, 22) <= sunday <= date(year, 4, 25)


def test_the_public_holidays_of_2025_are_those_of_the_law() -> None:
    assert {d.strftime("%m-%d") for d in public_holidays(2025)} == {
        *("01-01", "04-21", "05-01", "05-08", "05-29", "06-09"),
        *("07-14", "08-15", "11-01", "11-11", "12-25"),
    }


def test_sales_began_when_they_did() -> None:
    winter = {2019: "01-09", 2024: "01-10", 2025: "01-08", 2026: "01-07"}
    summer = {2019: "06-26", 2024: "06-26", 2025: "06-25", 2026: "06-24"}
    assert {y: event_days("winter-sales", y)[0].strftime("%m-%d") for y in winter} == winter
    assert {y: event_days("summer-sales", y)[0].strftime("%m-%d") for y in summer} == summer
    assert event_days("winter-sales", 2025)[1] == date(2025, 2, 4)
    assert event_days("black-friday", 2025)[0] == date(2025, 11, 28)


def test_the_store_is_closed_when_it_should_be(folder: Path) -> None:
    closed = {r["date"] for r in rows_of(folder, "days") if r["opened"] == "0"}
    holidays = {d.isoformat() for d in public_holidays(2025)} - {"2025-05-29"}  # Ascension was kept open
    sundays = {date(2025, 1, 5) + timedelta(7 * k) for k in range(52)} - {date(2025, 12, 21)}
    assert closed == holidays | {d.isoformat() for d in sundays} | {"2025-03-04"}
    for row in rows_of(folder, "days"):
        figures = [int(v) for k, v in row.items() if k not in ("date", "opened")]
        assert (row["opened"] == "0") == (not any(figures))


def test_nobody_comes_in_outside_opening_hours(folder: Path) -> None:
    came = [
        datetime.fromtimestamp(float(r["entered_at"]), ZoneInfo("Europe/Paris")) for r in rows_of(folder, "shoppers")
    ]
    assert {t.hour for t in came} == set(range(9, 19))  # through both changes of the clock
    assert {t.hour for t in came if t.date() == date(2025, 12, 21)} == {10, 11}


def test_weekdays_hours_and_seasons_come_out_as_configured(folder: Path) -> None:
    days = rows_of(folder, "days")
    calm = [r for r in days if r["date"][5:7] in ("03", "04", "05", "06", "08", "10", "11")]
    usual = on(calm, "visits", weekday=1)
    assert on(calm, "visits", weekday=0) / usual == pytest.approx(0.7, rel=0.04)
    assert on(calm, "visits", weekday=5) / usual == pytest.approx(1.6, rel=0.04)
    whole = np.mean([on(calm, "visits", weekday=k) for k in range(6)])
    for month, factor in ((7, 0.5), (12, 1.5)):
        same_days = np.mean([on(days, "visits", month=month, weekday=k) for k in range(6)])
        hours = 1.0 if month == 7 else 0.98  # one Sunday of two hours hardly counts
        assert same_days / whole == pytest.approx(factor * hours, rel=0.05)
    # 200 a day: 10 hours of 20, one of them twice; companions of 20 % of arrivals, 1.2 each
    assert usual == pytest.approx(11 * 20 * (1 + 0.2 * 1.2), rel=0.03)
    rush = Counter(
        datetime.fromtimestamp(float(r["entered_at"]), ZoneInfo("Europe/Paris")).hour
        for r in rows_of(folder, "shoppers")
    )
    assert rush[17] / np.mean([rush[h] for h in (10, 11, 13, 15)]) == pytest.approx(2.0, rel=0.03)


def test_events_draw_people_and_change_what_is_bought(folder: Path) -> None:
    days = rows_of(folder, "days")
    sales = [r for r in days if "2025-01-08" <= r["date"] <= "2025-02-04"]
    assert on(sales, "visits", weekday=3) / on(days, "visits", month=3, weekday=3) == pytest.approx(2.0, rel=0.08)
    sold = Counter((local(r["t"]).month, r["sku"]) for r in rows_of(folder, "purchases"))
    share = {m: sold[m, "soap"] / sum(n for (month, _), n in sold.items() if month == m) for m in (8, 9)}
    assert share[9] > 1.25 * share[8]


def test_days_and_other_tables_say_the_same(folder: Path) -> None:
    days, came, bought = (rows_of(folder, name) for name in ("days", "shoppers", "purchases"))

    def total(figure: str) -> int:
        return sum(int(r[figure]) for r in days)

    assert total("visits") == len(came)
    assert total("sales_minor") == sum(int(r["unit_price_minor"]) for r in bought)
    assert total("buyers") == len({(r["device"], r["t"]) for r in bought})
    visits = read_visits(next(folder.glob("visits.*")))
    assert total("zone_visits") == len(visits)
    everybody, heard = (read_hours(folder / f"{name}.csv") for name in ("hours_everybody", "hours"))
    assert everybody.visits.sum() == len(visits)
    assert everybody.dwell_s.sum() == pytest.approx(float((visits.left_at - visits.entered_at).sum()))
    assert everybody.person_s.sum() == pytest.approx(float((visits.left_at - visits.entered_at + 1).sum()))
    assert 0.6 < heard.person_s.sum() / everybody.person_s.sum() < 0.9
    issued = [r for r in rows_of(folder, "coupons") if r["outcome"] == "issue"]
    assert (
        total("coupons_issued") == len(issued) == int((read_coupons(folder / "coupons.csv").outcome == "issue").sum())
    )
    reactions = rows_of(folder, "reactions")
    assert total("coupons_redeemed") == sum(int(r["redeemed"]) for r in reactions) > 500
    assert total("points") == 50 * sum(int(r["friend_opened"]) for r in reactions) > 0
    assert total("shares") == sum(int(r["shared"]) for r in reactions)


def test_nobody_is_in_the_store_twice_at_once(folder: Path) -> None:
    last: dict[str, float] = {}
    for row in rows_of(folder, "shoppers"):
        assert float(row["entered_at"]) > last.get(row["device"], 0.0)
        last[row["device"]] = float(row["left_at"])


def test_how_often_people_come_is_negative_binomial(folder: Path) -> None:
    found = Counter(r["device"] for r in rows_of(folder, "shoppers") if r["kind"] == "shopper")
    n = np.zeros(4000)
    n[: len(found)] = list(found.values())
    shape = 0.6
    law = stats.nbinom(shape, shape / (shape + n.mean()))
    edges = np.unique(law.ppf(np.linspace(0, 1, 16)[1:-1]))
    expected = np.diff([0.0, *law.cdf(edges), 1.0]) * len(n)
    observed = np.bincount(np.searchsorted(edges, n), minlength=len(edges) + 1)
    assert stats.chisquare(observed, expected).pvalue > 0.01
    assert n.var() > 10 * n.mean()  # a Poisson of the same mean would have them equal


def test_consent_grows_as_people_come_again(folder: Path) -> None:
    days = rows_of(folder, "days")
    share = [on(days, "consenting", month=m) / on(days, "visitors", month=m) for m in (1, 3, 11)]
    assert share[0] < share[1] < share[2]
    assert on(days, "connected") / on(days, "visitors") == pytest.approx(0.8 * (1 - 0.2 * 1.2 / 1.24 * 0.5), rel=0.06)


def test_coupons_do_what_was_configured_and_both_fates_are_known(folder: Path) -> None:
    reactions = rows_of(folder, "reactions")
    for target, response in RESPONSES.items():
        rows = [r for r in reactions if r["campaign_id"] == f"year-{target}"]
        with_it, without = (np.mean([int(r[k]) for r in rows]) for k in ("buys_with", "buys_without"))
        assert len(rows) > 1000
        assert without == pytest.approx(response["buy_share"], abs=0.035)
        assert with_it - without == pytest.approx(0.8 * response["uplift"], abs=0.02)  # 0.8 look at it
        issued, held = ([int(r["bought"]) for r in rows if r["issued"] == yes] for yes in "10")
        spread = (np.var(issued) / len(issued) + np.var(held) / len(held)) ** 0.5
        assert np.mean(issued) - np.mean(held) == pytest.approx(0.8 * response["uplift"], abs=3 * spread)
    for r in reactions:
        assert r["bought"] == (r["buys_with"] if r["issued"] == "1" else r["buys_without"])
        assert r["redeemed"] == ("1" if r["issued"] == r["opens"] == r["bought"] == "1" else "0")
    assert min(float(r["t"]) for r in reactions) > datetime(2025, 2, 1, tzinfo=ZoneInfo("Europe/Paris")).timestamp()


def test_held_out_shoppers_never_get_a_coupon_and_nobody_too_many(folder: Path) -> None:
    rows = rows_of(folder, "coupons")
    held, issued = ({r["device"] for r in rows if r["reason"] == reason} for reason in ("holdout", "ok"))
    assert not held & issued
    assert len(held) / len(held | issued) == pytest.approx(0.3, abs=0.04)
    per_week = Counter((r["device"], date.fromtimestamp(float(r["since"])).isocalendar()[:2]) for r in rows)
    assert max(per_week.values()) == 2


def test_the_same_seed_gives_the_same_bytes_and_a_shorter_run_is_its_beginning(tmp_path: Path) -> None:
    config = {"days": 20, "coupons": {"min_dwell_s": 2}}
    for name in ("a", "b"):
        record_year(made(config, phones={"responses": RESPONSES}), tmp_path / name)
    digests = [
        {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (tmp_path / name).iterdir()} for name in ("a", "b")
    ]
    assert digests[0] == digests[1]
    assert len(digests[0]) == 10
    short = Year(scenario(**{**YEAR, "year": config}), small_plan(), days=6)
    record_year(short, tmp_path / "short")
    head = (tmp_path / "short" / "days.csv").read_text().splitlines()
    whole = (tmp_path / "a" / "days.csv").read_text().splitlines()
    assert [r.split(",")[:4] for r in head] == [r.split(",")[:4] for r in whole[:7]]
    assert len(head) == 7


def test_weather_is_of_mean_one_and_lasts() -> None:
    factors = np.concatenate(
        [weather_factors(Weather(sd=0.3, persistence=0.6), 365, np.random.default_rng(s)) for s in range(40)]
    )
    assert factors.mean() == pytest.approx(1.0, abs=0.02)
    logs = np.log(factors)
    assert logs.std() == pytest.approx(0.3, abs=0.01)
    assert np.corrcoef(logs[:-1], logs[1:])[0, 1] == pytest.approx(0.6, abs=0.03)


def test_growth_and_overdispersion_show_in_the_days() -> None:
    wild = made({"growth_per_year": 0.5, "weather": {"sd": 0.2}})
    factors = np.array([d.factor for d in wild.days])
    assert np.polyfit(np.arange(365), np.log(factors), 1)[0] * 365 == pytest.approx(np.log(1.5), abs=0.12)


def test_on_the_eve_of_a_closed_holiday_more_people_come() -> None:
    eves = [d.day for d in made({"eve_factor": 2.0, "weather": {"sd": 0}}).days if d.factor == 2.0]
    assert date(2025, 12, 24) in eves
    assert date(2025, 5, 28) in eves
    assert len(eves) == 11  # New Year's Day of 2026 is one of them, that of 2025 has no eve in this year


def test_a_year_without_visitors_has_days_all_the_same(tmp_path: Path) -> None:
    done = record_year(made({"days": 3}, people={"arrivals_per_hour": 0}), tmp_path)
    assert done["days"] == 3
    assert done["shoppers"] == done["hours"] == done["visits"] == 0


def test_too_few_people_for_so_many_visits_are_told() -> None:
    crowded = made({"days": 3, "shoppers": {"count": 10}})
    assert crowded.day(0) is None  # New Year
    with pytest.raises(OperatorError, match="10 people cannot make"):
        crowded.day(1)


def test_csv_stands_in_for_parquet(tmp_path: Path) -> None:
    parts = [
        (["a", "b"], ["milk", "soap"], np.array([1.0, 2.5]), [3, 4]),
        (["c"], ["milk"], np.array([-0.0001]), [5.0]),
    ]
    for suffix in ("csv", "parquet"):
        with GrowingTable(tmp_path / f"t.{suffix}", TABLES["visits"]) as table:
            for part in parts:
                table.add(*part)
        assert table.rows == 3
        got = read_visits(tmp_path / f"t.{suffix}")
        assert got.device.tolist() == ["a", "b", "c"]
        assert got.entered_at.tolist() == [1.0, 2.5, 0.0]


def _grow_until(fault: BaseException, path: Path) -> None:
    many = [f"{k * k % 9973}" for k in range(60_000)]
    with GrowingTable(path, TABLES["visits"]) as table:
        table.add(many, many, range(60_000), range(60_000))
        raise fault


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_that_was_not_finished_leaves_the_old_one(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"
    path.write_text("old")
    for fault in (KeyboardInterrupt(), OSError(28, "No space left on device")):
        with pytest.raises((KeyboardInterrupt, OperatorError)):
            _grow_until(fault, path)
        assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {f"t.{suffix}": "old"}


def test_without_the_extra_long_tables_are_csv_and_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_year(made({"days": 4}), tmp_path)
    packed = read_visits(tmp_path / "visits.parquet")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    record_year(made({"days": 4}), tmp_path)
    assert not (tmp_path / "visits.parquet").exists()  # nobody reads two tables of one name
    plain = read_visits(tmp_path / "visits.csv")
    assert len(plain) > 500
    for name in ("device", "zone", "entered_at", "left_at"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(packed, name))


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("year: {dayz: 3, by_month: {13: 1}}", {"year.dayz", "year.by_month"}),
        ("year: {events: {carnival: {factor: 2}}}", {"year.events"}),
        ("year: {events: {fair: {from_day: 2025-02-03}}}", {"year.events.fair"}),
        ("year: {events: {fair: {from_day: 2025-02-03, until_day: 2025-02-01}}}", {"year.events.fair"}),
        ("year: {open_holidays: [pentecost], weather: {sd: -1}}", {"year.open_holidays.0", "year.weather.sd"}),
        ("year: {closed_on: [2025-02-01], opened_on: {2025-02-01: {opens: '09:00', closes: '10:00'}}}", {"year"}),
        ("year: {opened_on: {2025-02-01: {opens: '10:00', closes: '09:00'}}}", {"year.opened_on.2025-02-01"}),
        (
            "year: {coupons: {basis_points: 20000}, shoppers: {count: 1}}",
            {"year.coupons.basis_points", "year.shoppers.count"},
        ),
    ],
)
def test_wrong_keys_are_listed_with_their_places(tmp_path: Path, text: str, places: set[str]) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"store: supermarket\n{text}\n")
    with pytest.raises(OperatorError) as caught:
        load_scenario(str(path))
    assert {p.place for p in caught.value.problems} == places
    assert {p.file for p in caught.value.problems} == {str(path)}


def test_what_a_year_cannot_do_is_refused_all_at_once() -> None:
    people = {"start_inside": 3, "congestion": True, "staff": {"count": 2}, "cleaners": 1}
    year = {
        "events": {"easter-week": {"by_category": {"fish": 2}}},
        "closed_on": ["2026-02-01"],
        "opened_on": {"2024-12-31": {"opens": "09:00", "closes": "10:00"}},
    }
    asked = scenario(**YEAR | {"people": people, "phones": {"responses": {"basket": {}}}, "year": year})
    assert asked.year is not None
    assert {p.place for p in year_problems(asked, asked.year, small_plan())} == {
        *("people.start_inside", "people.congestion", "people.staff.count", "people.cleaners"),
        *("phones.responses.basket", "year.events.easter-week.by_category.fish"),
        *("year.closed_on.0", "year.opened_on.2024-12-31"),
    }
    with pytest.raises(OperatorError):
        Year(asked, small_plan())
