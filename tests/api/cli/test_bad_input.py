"""Bad input to the offline commands: an operator's mistake is refused with its place and nothing is written; the
world's noise is counted by reason, and the rest is used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from api.cli.commands import build
from engine.errors import OperatorError
from tests.engine.positioning.stores import CORNERS, hall, hear, walk

RUNNER = CliRunner()
WALK = walk(np.random.default_rng(6), 60.0)
HEARD = hear(hall(), WALK, np.random.default_rng(6))
READINGS = [f"{t:g},phone,ap{a},{v:.0f}" for t, a, v in zip(HEARD.t, HEARD.ap, HEARD.rssi_dbm, strict=True)]
SURVEY = [
    f"{np.interp(t, WALK.t, WALK.x_m):.1f},{np.interp(t, WALK.t, WALK.y_m):.1f},0,ap{a},{v:.0f}"
    for t, a, v in zip(HEARD.t, HEARD.ap, HEARD.rssi_dbm, strict=True)
]
TRUTH = [f"{t:g},phone,0,{x:.2f},{y:.2f}" for t, x, y in zip(WALK.t, WALK.x_m, WALK.y_m, strict=True)]
FIX = "5,phone,0,3,3,2,5,bayes"
MASTS = [f"{t},ap{i},ap{j},-60" for t in range(0, 60, 10) for i in range(5) for j in range(5) if i != j]
HEADERS = {
    "readings": "t,device,ap,rssi_dbm",
    "survey": "x_m,y_m,level,ap,rssi_dbm",
    "truth": "t,device,level,x_m,y_m",
    "fixes": "t,device,level,x_m,y_m,sigma_m,n_ap,method",
}


@pytest.fixture(scope="module")
def rayon() -> typer.Typer:
    return build()


def level(name: str = "0", ordinal: int = 0, corner: tuple[float, float] = (20.0, 12.0)) -> dict[str, Any]:
    x, y = corner
    ring = [[0, 0], [x, 0], [x, y], [0, y], [0, 0]]
    properties = {"feature_type": "level", "id": name, "ordinal": ordinal, "name": name}
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": properties}


def point(name: str, x: float, y: float, on: str = "0") -> dict[str, Any]:
    properties = {"feature_type": "access_point", "id": name, "level": on, "z_m": 2.8}
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [x, y]}, "properties": properties}


def wall(x: float) -> dict[str, Any]:
    line = {"type": "LineString", "coordinates": [[x, -1], [x, 13]]}
    return {"type": "Feature", "geometry": line, "properties": {"feature_type": "wall", "level": "0"}}


POINTS = [point(f"ap{i}", x, y) for i, (x, y) in enumerate(CORNERS)]


class Site:
    """A folder with a store, and what a command made of it."""

    def __init__(self, folder: Path, app: typer.Typer) -> None:
        self.folder, self._app = folder, app
        self.out = folder / "out"
        self.plan([level(), *POINTS])

    def plan(self, features: list[dict[str, Any]]) -> None:
        head = {"version": 1, "store": "hall", "name": "Hall", "timezone": "UTC", "currency": "EUR", "anchor": None}
        made = {"type": "FeatureCollection", "rayon": head, "features": features}
        (self.folder / "plan.geojson").write_text(json.dumps(made))

    def table(self, kind: str, rows: list[str]) -> Path:
        path = self.folder / f"{kind}.csv"
        path.write_text("\n".join([HEADERS[kind], *rows]) + "\n")
        return path

    def run(self, *arguments: object) -> str:
        """What it says on stderr."""
        done = RUNNER.invoke(self._app, [str(a) for a in arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stderr

    def refused(self, *arguments: object) -> str:
        with pytest.raises(OperatorError) as caught:
            RUNNER.invoke(self._app, [str(a) for a in arguments], catch_exceptions=False)
        assert not self.out.exists()
        return "\n".join(map(str, caught.value.problems)).replace(f"{self.folder}/", "")

    def locate(self, rows: list[str], *more: object) -> tuple[str, list[str]]:
        said = self.run("locate", self.folder, "--readings", self.table("readings", rows), "-o", self.out, *more)
        fixes = self.out.read_text().splitlines()[1:]
        for fix in fixes:
            assert np.isfinite([float(v) for v in fix.split(",")[3:6]]).all(), fix
        return said, fixes

    def calibrate(self, rows: list[str]) -> tuple[object, ...]:
        return ("calibrate", self.folder, "--survey", self.table("survey", rows), "-o", self.out)


@pytest.fixture
def site(tmp_path: Path, rayon: typer.Typer) -> Site:
    return Site(tmp_path, rayon)


NOISE = {
    "louder than any receiver": (["5,phone,ap0,0"], "1 readings not used: rssi out of range (bad_rssi)"),
    "below thermal noise": (["5,phone,ap0,-130", "6,phone,ap0,-121"], "2 readings not used: rssi out of range"),
    "before 1970": (["-50,phone,ap0,-60", "-1e18,phone,ap1,-60"], "2 readings not used: time out of range"),
    "after 2100": (["1e18,phone,ap0,-60", "1e300,phone,ap0,-60"], "2 readings not used: time out of range"),
    "an access point that is not on the plan": (
        ["5,phone,ap77,-60"],
        "1 readings not used: unknown ap: ap77 (1) (the plan has ap0",
    ),
    "an access point that hears itself": (["5,ap0,ap0,-20"], "1 readings not used: access point hears itself"),
}


@pytest.mark.parametrize("case", NOISE)
def test_noise_in_readings_is_counted_and_the_rest_is_located_all_the_same(site: Site, case: str) -> None:
    rows, said = NOISE[case]
    _, clean = site.locate(READINGS)
    for lag in ((), ("--lag-s", "15")):
        heard, fixes = site.locate(READINGS + rows, *lag)
        assert said in heard
        assert len(fixes) == len(clean)
        assert lag or fixes == clean


def test_all_noise_at_once_is_told_apart(site: Site) -> None:
    heard, _ = site.locate(READINGS + [row for rows, _ in NOISE.values() for row in rows])
    for reason in ("3 readings not used: rssi", "4 readings not used: time", "1 readings not used: unknown ap"):
        assert reason in heard


ODD = {
    "no reading at all": ([], 0),
    "only unknown access points": (["5,phone,ap77,-60"], 0),
    "only access points that hear each other": (MASTS, 0),
    "a device in the next century but one week": ([*READINGS, "4e9,phone,ap0,-60"], 21),
    "all devices once": ([f"{k},phone{k},ap{k % 5},-60" for k in range(30)], None),
    "one device that is also named as an access point": ([*READINGS, "5,ap0,ap1,-60", "5,ap0,ap2,-61"], 20),
}


@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("method", ["bayes", "trilateration"])
def test_odd_recordings_are_located_as_far_as_they_go(site: Site, case: str, method: str) -> None:
    rows, wanted = ODD[case]
    _, fixes = site.locate(rows, "--method", method)
    assert wanted is None or len(fixes) == wanted


MISTAKES: dict[str, tuple[list[str], list[str]]] = {
    "words for numbers": (
        [*READINGS[:3], "soon,phone,ap0,-60", "5,phone,ap0,loud"],
        ["line 5, column t: not a number: 'soon'", "line 6, column rssi_dbm: not a number: 'loud'"],
    ),
    "nan and infinite": (
        [*READINGS[:3], "nan,phone,ap0,-60", "inf,phone,ap0,-60", "5,phone,ap0,nan", "5,phone,ap0,-Infinity"],
        [f"line {n}, column" for n in (5, 6, 7, 8)],
    ),
    "milliseconds": (
        ["1700000000000,phone,ap0,-60", "1700000000200,phone,ap1,-60"],
        ["column t: all times are past the year 2100", "are these milliseconds?"],
    ),
    "nothing in a row": ([*READINGS[:3], "5,,ap0,-60", "5,phone,,-60"], ["line 5, column device", "line 6, column ap"]),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_in_readings_are_refused_with_their_places(site: Site, case: str) -> None:
    rows, said = MISTAKES[case]
    heard = site.refused("locate", site.folder, "--readings", site.table("readings", rows), "-o", site.out)
    for text in said:
        assert text in heard
    assert "readings.csv: " in heard


PLANS: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "no access point": ([level()], ["plan.geojson: features: there is no access point"]),
    "one access point three times": (
        [level(), point("AA:BB:CC:00:11:22", 1, 1), point("aabb.cc00.1122", 5, 5), point("aa-bb-cc-00-11-22", 6, 6)],
        ["features[2].properties.id: 'aabb.cc00.1122' is the id of another", "features[3].properties.id"],
    ),
    "an access point on a level that is not there": (
        [level(), *POINTS, point("ap9", 5, 5, "cellar")],
        ["features[6].properties.level: there is no level 'cellar'"],
    ),
}


@pytest.mark.parametrize("case", PLANS)
def test_mistakes_in_the_plan_are_told_together_with_those_in_the_tables(site: Site, case: str) -> None:
    features, said = PLANS[case]
    site.plan(features)
    bad = site.table("readings", ["soon,phone,ap0,-60"])
    survey = site.table("survey", ["here,5,0,ap0,-50"])
    for command in (("locate", "--readings", bad), ("calibrate", "--readings", bad, "--survey", survey)):
        heard = site.refused(command[0], site.folder, *command[1:], "-o", site.out)
        for text in [*said, "readings.csv: line 2, column t: not a number"]:
            assert text in heard
    assert "survey.csv: line 2, column x_m: not a number: 'here'" in heard


ODD_PLANS: dict[str, list[dict[str, Any]]] = {
    "one access point": [level(), *POINTS[:1]],
    "two access points": [level(), *POINTS[:2]],
    "an access point far outside": [level(), *POINTS[:4], point("ap4", 300, 6)],
    "all access points at one place": [level(), *(point(f"ap{i}", 5, 5) for i in range(5))],
    "a floor cut in two": [level(), wall(10.2), *POINTS],
    "a level smaller than a cell": [level(), level("kiosk", 1, (0.3, 14.0)), *POINTS],
}


@pytest.mark.parametrize("case", ODD_PLANS)
@pytest.mark.parametrize("method", ["bayes", "trilateration"])
def test_odd_stores_are_located_in(site: Site, case: str, method: str) -> None:
    site.plan(ODD_PLANS[case])
    heard, _ = site.locate(READINGS, "--method", method)
    assert ("positions need 3 at least" in heard) == (case in ("one access point", "two access points"))


SURVEYS: dict[str, tuple[list[str], list[str]]] = {
    "places outside and unknown levels": (
        [*SURVEY, "500,5,0,ap0,-50", "5,5,roof,ap0,-50", "500,5,0,ap1,-50", "-30,5,0,ap1,-50"],
        [
            f"line {len(SURVEY) + 2}, column x_m, y_m: (500, 5) lies 480 m outside level '0', and on 1 more line",
            f"line {len(SURVEY) + 3}, column level: unknown level 'roof' (the plan's only level is '0')",
            f"line {len(SURVEY) + 5}, column x_m, y_m: (-30, 5) lies 30 m outside level '0'",
        ],
    ),
    "a place beyond all numbers": ([*SURVEY, "1e300,5,0,ap0,-50"], ["(1e+300, 5) lies 1e+300 m outside level '0'"]),
    "nothing": ([], ["holds no reading that an access point of the plan made"]),
    "levels without their minus": (["5,5,0,ap0,50"], ["holds no reading that can be used (see the warnings"]),
    "only other access points": (["5,5,0,ap77,-50"], ["holds no reading that an access point of the plan made"]),
}


@pytest.mark.parametrize("case", SURVEYS)
def test_mistakes_in_a_survey_are_refused_with_their_lines(site: Site, case: str) -> None:
    rows, said = SURVEYS[case]
    heard = site.refused(*site.calibrate(rows))
    for text in said:
        assert f"survey.csv: {text}" in heard or text in heard


def test_lines_of_a_survey_are_counted_with_its_blank_ones(site: Site) -> None:
    assert "survey.csv: line 5, column x_m, y_m" in site.refused(*site.calibrate([SURVEY[0], "", "", "99,5,0,ap0,-5"]))


ODD_SURVEYS = {
    "one reading": SURVEY[:1],
    "one access point": [row for row in SURVEY if ",ap0," in row],
    "one place": [f"5,5,0,ap{k % 5},{-50 - k % 3}" for k in range(40)],
    "a step outside the door": [*SURVEY, "21.5,5,0,ap1,-50"],
    "noise": [*SURVEY, "5,5,0,ap0,9", "5,5,0,ap77,-50"],
}


@pytest.mark.parametrize("case", ODD_SURVEYS)
def test_odd_surveys_make_maps_that_locate(site: Site, case: str) -> None:
    site.run(*site.calibrate(ODD_SURVEYS[case]))
    kept = site.out.rename(site.folder / "map.npz")
    _, fixes = site.locate(READINGS, "--radiomap", kept)
    assert len(fixes) == 20


Arrays = dict[str, Any]
MAPS: dict[str, tuple[Callable[[Arrays], Arrays], str]] = {
    "other cells": (lambda a: {**a, "cell_m": np.array(1.0)}, "made for cells of 1.0 m, not 0.5 m"),
    "other version": (lambda a: {**a, "version": np.array(9)}, "a radio map of version 9"),
    "no version": (lambda a: {**a, "version": np.array("x")}, "not a radio map"),
    "not a number": (lambda a: {**a, "mean_dbm": a["mean_dbm"] * np.float32(np.nan)}, "mean_dbm holds values"),
    "a cell short": (lambda a: {**a, "mean_dbm": a["mean_dbm"][:, 1:]}, "mean_dbm is float32 of shape (5, 959)"),
    "words": (lambda a: {**a, "mean_dbm": np.array("loud")}, "mean_dbm is <U4"),
    "an array short": (lambda a: {k: v for k, v in a.items() if k != "sigma_db"}, "not a radio map"),
    "no spread": (lambda a: {**a, "sigma_db": a["sigma_db"] * 0}, "sigma_db holds values that are not positive"),
    "no spread of offsets": (lambda a: {**a, "offset": a["offset"] * 0}, "two positive spreads"),
    "two offsets": (lambda a: {**a, "offset": a["offset"][:2]}, "two positive spreads"),
}


@pytest.fixture(scope="module")
def good_map(tmp_path_factory: pytest.TempPathFactory, rayon: typer.Typer) -> Path:
    made = Site(tmp_path_factory.mktemp("good"), rayon)
    made.run(*made.calibrate(SURVEY))
    return made.out


def locate_with(site: Site, path: Path) -> str:
    readings = site.table("readings", READINGS)
    return site.refused("locate", site.folder, "--readings", readings, "--radiomap", path, "-o", site.out)


@pytest.mark.parametrize("case", MAPS)
def test_a_radio_map_that_does_not_fit_is_refused(site: Site, good_map: Path, case: str) -> None:
    change, said = MAPS[case]
    with np.load(good_map) as stored:
        arrays = change({name: stored[name] for name in stored.files})
    path = site.folder / "map.npz"
    np.savez(path, **arrays)
    heard = locate_with(site, path)
    assert said in heard
    assert heard.startswith("map.npz: (whole file): ")


@pytest.mark.parametrize("cut", [0, 5, 2000, -40])
def test_a_radio_map_that_was_cut_off_is_refused(site: Site, good_map: Path, cut: int) -> None:
    path = site.folder / "map.npz"
    path.write_bytes(good_map.read_bytes()[:cut])
    assert "not a radio map of Rayon" in locate_with(site, path)


def test_a_radio_map_with_flipped_bits_or_of_another_kind_is_refused(site: Site, good_map: Path) -> None:
    path = site.folder / "map.npz"
    content = bytearray(good_map.read_bytes())
    content[3000:3050] = bytes(50)
    path.write_bytes(content)
    assert "not a radio map of Rayon" in locate_with(site, path)
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    assert "not an .npz file" in locate_with(site, path)
    assert "No such file" in locate_with(site, site.folder / "none.npz")


def test_a_radio_map_of_another_store_names_both(site: Site, good_map: Path) -> None:
    site.plan([level(), *POINTS[:4]])
    assert "made for access points ap0, ap1, ap2, ap3, ap4; the plan has ap0, ap1, ap2, ap3" in locate_with(
        site, good_map
    )


SCORES: dict[str, tuple[list[str], list[str], list[str]]] = {
    "negative sigma and count": (
        TRUTH,
        [FIX, "6,phone,0,3,3,-2,5,bayes", "7,phone,0,3,3,2,-5,bayes"],
        ["fixes.csv: line 3, column sigma_m: -2 is negative", "fixes.csv: line 4, column n_ap: -5 is negative"],
    ),
    "both tables": (
        [*TRUTH[:2], "soon,phone,0,3,3"],
        ["5,phone,0,nan,3,2,5,bayes"],
        ["truth.csv: line 4, column t: not a number: 'soon'", "fixes.csv: line 2, column x_m: not a number: 'nan'"],
    ),
}


@pytest.mark.parametrize("case", SCORES)
def test_mistakes_in_what_is_scored_are_told_together(site: Site, case: str) -> None:
    truth, fixes, said = SCORES[case]
    heard = site.refused("score", site.table("truth", truth), site.table("fixes", fixes))
    for text in said:
        assert text in heard


def test_no_command_writes_over_what_it_reads(site: Site) -> None:
    readings, survey = site.table("readings", READINGS), site.table("survey", SURVEY)
    truth, fixes = site.table("truth", TRUTH), site.table("fixes", [FIX])
    alias = site.folder / "alias.csv"
    alias.symlink_to(readings)
    campaigns = site.folder / "campaigns.yaml"
    campaigns.write_text("version: 1\nstore: hall\ncampaigns: []\n")
    tables = site.folder / "tables"
    tables.mkdir()
    (tables / "fixes.csv").hardlink_to(readings)
    decide = ("decide", site.folder, "--campaigns", campaigns, "--readings", readings)
    (site.folder / "points.csv").write_text("")
    before = {path: path.read_bytes() for path in site.folder.iterdir() if path.is_file()}
    for command in (
        ("locate", site.folder, "--readings", readings, "-o", readings),
        ("locate", site.folder, "--readings", readings, "-o", alias),
        ("locate", site.folder, "--readings", alias, "-o", readings),
        ("locate", site.folder, "--readings", readings, "-o", site.folder / "plan.geojson"),
        ("calibrate", site.folder, "--survey", survey, "-o", survey),
        ("calibrate", site.folder, "--readings", readings, "-o", readings),
        (*decide, "-o", readings),
        (*decide, "-o", campaigns),
        (*decide, "-o", site.out, "--tables", tables),
        ("score", truth, fixes, "--plot", truth),
        ("score", truth, fixes, "--html", fixes),
        ("score", "--run", site.folder, "--html", site.folder / "points.csv"),
    ):
        assert "which is read: it would be lost" in site.refused(*command)
    page = site.folder / "page.svg"
    twice = site.refused("score", truth, fixes, "--plot", page, "--html", page)
    assert "page.svg: --html: --plot writes it, too: one of the two would be lost" in twice
    assert {path: path.read_bytes() for path in before} == before
