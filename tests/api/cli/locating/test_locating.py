"""`rayon locate`, `score` and `calibrate` as an operator runs them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli.commands import build
from engine.errors import OperatorError
from engine.files import ReadingTable, TruthTable, write_readings, write_truth
from engine.records import Readings
from tests.engine.positioning.stores import CORNERS, hall, hear, walk

runner = CliRunner()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store's folder with a plan, readings of two devices and of access points, truth and a survey."""
    folder = tmp_path_factory.mktemp("hall")
    write_plan(folder)
    rng = np.random.default_rng(6)
    truth, readings = [], []
    for device in (1, 2):
        w = walk(rng, 120.0)
        truth.append((w, device))
        r = hear(hall(), w, rng, device)
        readings.append(r)
    write_heard(folder, readings)
    level = np.full(120, "0")
    write_truth(
        folder / "truth.csv",
        TruthTable(
            "",
            np.concatenate([w.t for w, _ in truth]),
            np.repeat(["phone1", "phone2"], 120),
            np.tile(level, 2),
            np.concatenate([w.x_m for w, _ in truth]),
            np.concatenate([w.y_m for w, _ in truth]),
        ),
    )
    w, r = truth[0][0], readings[0]
    rows = [
        f"{np.interp(r.t[i], w.t, w.x_m):.2f},{np.interp(r.t[i], w.t, w.y_m):.2f},0,ap{r.ap[i]},{r.rssi_dbm[i]:.0f}"
        for i in range(len(r))
    ]
    (folder / "survey.csv").write_text("x_m,y_m,level,ap,rssi_dbm\n" + "\n".join(rows) + "\n")
    return folder


def write_plan(folder: Path) -> None:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [20, 0], [20, 12], [0, 12], [0, 0]]]},
            "properties": {"feature_type": "level", "id": "0", "ordinal": 0, "name": "Hall"},
        },
        *(
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [x, y]},
                "properties": {"feature_type": "access_point", "id": f"ap{i}", "level": "0", "z_m": 2.8},
            }
            for i, (x, y) in enumerate(CORNERS)
        ),
    ]
    head = {
        "version": 1,
        "store": "hall",
        "name": "Hall",
        "timezone": "Europe/Paris",
        "currency": "EUR",
        "anchor": None,
    }
    plan = {"type": "FeatureCollection", "rayon": head, "features": features}
    (folder / "plan.geojson").write_text(json.dumps(plan))


def write_heard(folder: Path, readings: list[Readings]) -> None:
    """What access points heard of the phones, and every ten seconds of each other."""
    t = np.concatenate([r.t for r in readings])
    names = np.concatenate([[f"phone{int(d)}" for d in r.device] for r in readings])
    aps = np.concatenate([[f"ap{a}" for a in r.ap] for r in readings])
    rssi = np.concatenate([r.rssi_dbm for r in readings]).astype(float)
    mast = [
        (float(s), f"ap{i}", f"ap{j}", -60.0) for s in range(0, 120, 10) for i in range(5) for j in range(5) if i != j
    ]
    t = np.append(t, [m[0] for m in mast])
    names = np.append(names, [m[1] for m in mast])
    aps = np.append(aps, [m[2] for m in mast])
    rssi = np.append(rssi, [m[3] for m in mast])
    none = np.full(len(t), np.nan)
    write_readings(folder / "readings.csv", ReadingTable("", t, names, aps, rssi, none, none, np.full(len(t), "")))


def run(*args: object) -> str:
    result = runner.invoke(build(), [str(a) for a in args], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("options", [(), ("--method", "trilateration"), ("--lag-s", "15"), ("--window-s", "1")])
def test_locate_and_score(store: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    fixes = tmp_path / "fixes.csv"
    run("locate", store, "--readings", store / "readings.csv", "-o", fixes, *options)
    text = fixes.read_text()
    assert text.splitlines()[0] == "t,device,level,x_m,y_m,sigma_m,n_ap,method"
    assert "ap0" not in text
    figures = json.loads(run("score", store / "truth.csv", fixes, "--json"))
    assert figures["median_m"] < 3.0
    assert figures["coverage"] == 1.0
    assert figures["level_hit_rate"] == 1.0


def test_the_same_input_gives_the_same_bytes(store: Path, tmp_path: Path) -> None:
    outs = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for out in outs:
        run("locate", store, "--readings", store / "readings.csv", "-o", out)
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_no_fix_depends_on_later_readings_nor_on_later_hearings(store: Path, tmp_path: Path) -> None:
    lines = (store / "readings.csv").read_text().splitlines()
    early = [x for x in lines[1:] if float(x.split(",")[0]) < 60.0]
    (tmp_path / "early.csv").write_text("\n".join([lines[0], *early]) + "\n")
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    run("locate", store, "--readings", store / "readings.csv", "-o", whole)
    run("locate", store, "--readings", tmp_path / "early.csv", "-o", part)
    want = set(whole.read_text().splitlines())
    got = part.read_text().splitlines()
    assert len(got) == 41
    assert set(got) <= want


def test_calibrate_with_a_survey_and_use_the_map(store: Path, tmp_path: Path) -> None:
    out, fixes = tmp_path / "m.npz", tmp_path / "f.csv"
    text = run("calibrate", store, "--survey", store / "survey.csv", "--readings", store / "readings.csv", "-o", out)
    assert all(f"ap{i}" in text for i in range(5))
    assert "rms before  rms after" in text
    run("locate", store, "--readings", store / "readings.csv", "-o", fixes, "--radiomap", out)
    assert json.loads(run("score", store / "truth.csv", fixes, "--json"))["median_m"] < 3.0


def test_levels_of_phones_that_are_all_one_tell_no_place_and_teach_nothing(store: Path, tmp_path: Path) -> None:
    head, *rows = (store / "readings.csv").read_text().splitlines()
    of_phones = [row.split(",") for row in rows if ",phone" in row]
    alike = [f"{t},phone{i % 6},{ap},-60" for i, (t, _, ap, *_) in enumerate(of_phones)]
    heard = [row for row in rows if ",phone" not in row]
    assert len(alike) > 200 < len(heard)
    (tmp_path / "r.csv").write_text("\n".join([head, *heard, *alike]) + "\n")
    (tmp_path / "own.csv").write_text("\n".join([head, *heard]) + "\n")
    args = ["locate", store, "--readings", tmp_path / "r.csv", "-o", tmp_path / "f.csv"]
    said = runner.invoke(build(), [str(a) for a in args], catch_exceptions=False).stderr
    assert f"{len(alike)} levels not used: whoever is heard, near or far, it is at one level" in said
    assert "turn on measured levels (dBm) (rssi_of_one_level)" in said
    assert len((tmp_path / "f.csv").read_text().splitlines()) == 1
    told = run("calibrate", store, "--readings", tmp_path / "r.csv", "-o", tmp_path / "m.npz")
    own = run("calibrate", store, "--readings", tmp_path / "own.csv", "-o", tmp_path / "own.npz")
    assert told.splitlines()[1:6] == own.splitlines()[1:6]
    assert "readings used" not in told


def test_an_access_point_that_is_named_as_stuck_is_not_accused_by_its_fit_too(store: Path, tmp_path: Path) -> None:
    head, *rows = (store / "survey.csv").read_text().splitlines()
    stuck = [",".join([*row.split(",")[:4], "-95"]) if ",ap2," in row else row for row in rows]
    (tmp_path / "s.csv").write_text("\n".join([head, *stuck]) + "\n")
    args = ["calibrate", store, "--survey", tmp_path / "s.csv", "-o", tmp_path / "m.npz"]
    said = runner.invoke(build(), [str(a) for a in args], catch_exceptions=False).stderr
    assert "warning: ap2 says -95 dBm wherever it is heard: left aside; go and look" in said
    assert "warning: ap2: " not in said


def test_that_labels_are_learnt_from_is_said_before(store: Path, tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("t,device,kind,x_m,y_m,level\n40,phone1,here,5,5,0\n60,phone1,here,5,5,0\n")
    args = ["calibrate", store, "--readings", store / "readings.csv", "--labels", tmp_path / "l.csv"]
    said = runner.invoke(build(), [str(a) for a in [*args, "-o", tmp_path / "m.npz"]], catch_exceptions=False).stderr
    assert "learning from 2 labels\n" in said


def test_labels_of_devices_that_were_not_heard_are_told_as_that(store: Path, tmp_path: Path) -> None:
    said = "".join(f"40,nobody{i},here,5,5,0\n" for i in range(9))
    (tmp_path / "l.csv").write_text("t,device,kind,x_m,y_m,level\n" + said)
    given = ["--readings", store / "readings.csv", "--labels", tmp_path / "l.csv", "-o", tmp_path / "m.npz"]
    told = run("calibrate", store, *given)
    assert "labels: 9 left aside: nobody heard its device then" in told
    assert "label_duplicate" not in told


def test_labels_of_a_mirrored_planogram_are_warned_of(store: Path, tmp_path: Path) -> None:
    """Every third second of both phones, from the other side."""
    rows = [row.split(",") for row in (store / "truth.csv").read_text().splitlines()]
    t, device, x, y = (rows[0].index(name) for name in ("t", "device", "x_m", "y_m"))
    xs = [float(row[x]) for row in rows[1:]]
    ends = min(xs) + max(xs)
    told = [f"{row[t]},{row[device]},here,{ends - float(row[x]):.2f},{row[y]},0" for row in rows[1::3]]
    (tmp_path / "l.csv").write_text("t,device,kind,x_m,y_m,level\n" + "\n".join(told) + "\n")
    args = ["calibrate", store, "--readings", store / "readings.csv", "--labels", tmp_path / "l.csv"]
    done = runner.invoke(build(), [str(a) for a in [*args, "-o", tmp_path / "m.npz"]], catch_exceptions=False)
    assert f"{tmp_path / 'l.csv'}: warning: its labels contradict the store, and were left aside: mir" in done.stderr
    assert "its labels contradict the store" not in done.stdout


def test_a_survey_that_is_left_aside_leaves_the_fixes_as_they_are_without(store: Path, tmp_path: Path) -> None:
    """All to the byte: the store calibrates itself by hearings and the crowd, as it does without a map."""
    head, *rows = (store / "survey.csv").read_text().splitlines()
    placed = [",".join([*row.split(",")[:4], "-60"]) for row in rows]  # has nothing to do with distance
    (tmp_path / "s.csv").write_text("\n".join([head, *placed]) + "\n")
    plain, out, fixes = tmp_path / "plain.csv", tmp_path / "m.npz", tmp_path / "f.csv"
    run("locate", store, "--readings", store / "readings.csv", "-o", plain)
    assert "survey left aside" in run("calibrate", store, "--survey", tmp_path / "s.csv", "-o", out)
    args = ["locate", store, "--readings", store / "readings.csv", "-o", fixes, "--radiomap", out]
    said = runner.invoke(build(), [str(a) for a in args], catch_exceptions=False).stderr
    assert f"{out}: nothing was learnt in it: the store calibrates itself, as without it" in said
    assert fixes.read_bytes() == plain.read_bytes()


def test_of_a_survey_that_makes_a_part_of_the_map_the_rest_is_as_without_it(store: Path, tmp_path: Path) -> None:
    """Access points that hear each other by the hall's own law go on telling it, in as much of the map as was left."""
    head, *rows = (store / "survey.csv").read_text().splitlines()
    (tmp_path / "s.csv").write_text("\n".join([head, *rows[:200]]) + "\n")
    lines = (store / "readings.csv").read_text().splitlines()
    phones = [row for row in lines if not row.split(",")[1].startswith("ap")]
    apart = {(i, j): np.hypot(*np.subtract(CORNERS[i], CORNERS[j])) for i in range(5) for j in range(5) if i != j}
    told = [f"{s},ap{i},ap{j},{-36 - 28 * np.log10(d):.0f}" for s in (0, 1) for (i, j), d in apart.items()]
    (tmp_path / "phones.csv").write_text("\n".join(phones) + "\n")
    (tmp_path / "both.csv").write_text("\n".join([*phones, *told]) + "\n")
    out, found = tmp_path / "m.npz", {}
    said = run("calibrate", store, "--survey", tmp_path / "s.csv", "-o", out)
    assert "the map of RSSI is 36% of this fit, the rest as it is without it" in said
    for name, readings, options in (
        ("plain", "both", []),
        ("kept", "both", ["--radiomap", out]),
        ("deaf", "phones", ["--radiomap", out]),
    ):
        run("locate", store, "--readings", tmp_path / f"{readings}.csv", "-o", tmp_path / f"{name}.csv", *options)
        found[name] = json.loads(run("score", store / "truth.csv", tmp_path / f"{name}.csv", "--json"))["median_m"]
    assert found["kept"] <= 1.02 * found["plain"]
    assert found["kept"] < found["deaf"]


def test_calibrate_says_what_became_of_readings_without_places(store: Path, tmp_path: Path) -> None:
    out, fixes = tmp_path / "m.npz", tmp_path / "f.csv"
    command = [str(a) for a in ("calibrate", store, "--readings", store / "readings.csv", "-o", out)]
    result = runner.invoke(build(), command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith("note: unlabelled readings ")
    assert "learning from " in result.stderr
    assert "learning from " not in result.stdout
    run("locate", store, "--readings", store / "readings.csv", "-o", fixes, "--radiomap", out)
    assert json.loads(run("score", store / "truth.csv", fixes, "--json"))["median_m"] < 3.0


def told(*args: object) -> str:
    """What a command that does its work says on stderr."""
    done = runner.invoke(build(), [str(a) for a in args], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stderr


def refused(*args: object) -> str:
    with pytest.raises(OperatorError) as caught:
        runner.invoke(build(), [str(a) for a in args], catch_exceptions=False)
    return str(caught.value)


def test_operators_mistakes(store: Path, tmp_path: Path) -> None:
    readings, out = store / "readings.csv", tmp_path / "f.csv"
    assert "unknown method" in refused("locate", store, "--readings", readings, "-o", out, "--method", "magic")
    assert "nothing to learn from" in refused("calibrate", store, "-o", tmp_path / "m.npz")
    for option in ("--labels", "--receipts"):
        said = refused("calibrate", store, option, store / "labels.csv", "-o", tmp_path / "m.npz")
        assert f"{option}: labels without readings teach nothing (give --readings" in said
    (tmp_path / "bad.npz").write_bytes(b"no map")
    assert "not a radio map" in refused(
        "locate", store, "--readings", readings, "-o", out, "--radiomap", tmp_path / "bad.npz"
    )
    assert "give a place to write" in refused("locate", store, "--readings", readings, "-o", tmp_path / "no" / "f.csv")
    assert not out.exists()


def test_calibrate_and_decide_tell_macs_as_locate_does(store: Path, tmp_path: Path) -> None:
    readings, survey, campaigns = (tmp_path / name for name in ("r.csv", "s.csv", "c.yaml"))
    readings.write_text((store / "readings.csv").read_text().replace("phone1", "2:ab:0:0:0:3"))
    lines = (store / "survey.csv").read_text().splitlines()
    named = [f"{line},{'ap0' if i % 2 else '02ab.0000.0008'}" for i, line in enumerate(lines[1:])]
    survey.write_text("\n".join([f"{lines[0]},device", *named]) + "\n")
    campaigns.write_text("version: 1\nstore: hall\ncampaigns: []\n")
    options = ("--survey", survey, "--readings", readings, "-o", tmp_path / "m.npz")
    said = told("calibrate", store, *options)
    assert f"{survey}: warning: 1 of 1 devices is named by its MAC: a table is" in said
    assert (
        f"{survey}: warning: {len(named) // 2} of {len(named)} rows were taken by an access point of the plan" in said
    )
    assert f"{readings}: warning: 1 of 2 devices is named by its MAC: a table is" in said
    said = told("decide", store, "--campaigns", campaigns, "--readings", readings, "-o", tmp_path / "d.csv")
    assert f"{readings}: warning: 1 of 2 devices is named by its MAC, which {tmp_path / 'd.csv'} holds too" in said


def test_a_map_of_another_plan_is_refused(store: Path, tmp_path: Path) -> None:
    run("calibrate", store, "--survey", store / "survey.csv", "-o", tmp_path / "m.npz")
    other = tmp_path / "other"
    other.mkdir()
    (other / "plan.geojson").write_text((store / "plan.geojson").read_text().replace("[10.0, 6.0]", "[11.0, 6.0]"))
    message = refused(
        "locate",
        other,
        "--readings",
        store / "readings.csv",
        "-o",
        tmp_path / "f.csv",
        "--radiomap",
        tmp_path / "m.npz",
    )
    assert "the plan has changed" in message


def test_score_draws_the_distribution(store: Path, tmp_path: Path) -> None:
    fixes = tmp_path / "f.csv"
    run("locate", store, "--readings", store / "readings.csv", "-o", fixes)
    text = run("score", store / "truth.csv", fixes, "--plot", tmp_path / "cdf.png")
    assert "median_m" in text
    assert (tmp_path / "cdf.png").read_bytes()[:4] == b"\x89PNG"
