"""The scorer of recordings, on a site written by hand."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import OperatorError
from engine.positioning.fix_points import PlainFixes
from engine.records import F64, Hearings, Readings, Scans
from tests.accuracy.__main__ import main
from tests.accuracy.recorded.made_site import write_site
from tests.accuracy.recorded.recordings import (
    Part,
    Score,
    errors,
    families,
    folder_of,
    geometric_mean,
    score_of,
    sites_in,
    table,
    with_baselines,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    write_site(folder / "room")
    (folder / "baselines.json").write_text(
        json.dumps({"room | rssi | no survey": {"nearest": {"median": 4.0}, "nls": {"median": 2.0}}})
    )
    return folder


def test_every_row_of_a_site_is_scored(folder: Path) -> None:
    (site,) = sites_in(folder)
    rows = with_baselines(folder, site.rows())
    assert set(rows) == {
        f"room | {kind} | {model}" for kind in ("rssi", "range") for model in ("no survey", "surveyed")
    }
    assert {score.windows for score in rows.values()} == {21}
    assert max(score.median_m for score in rows.values()) < 2.5
    plain = rows["room | rssi | no survey"]
    assert (plain.best, plain.ratio) == ("nls", plain.median_m / 2.0)
    lines = list(table(rows))
    assert len(lines) == 1 + 4 + 2 + 1  # head, rows, the two families with a baseline (no survey, walks), and the rest
    assert "no plain method for 3 of 4 rows" in lines[-1]
    assert [line.endswith("none known") for line in lines[1:5]] == [False, True, True, True]


def _part(windows: list[float], truth: tuple[list[float], ...]) -> Part:
    t, x, y = (np.array(v) for v in truth)
    nothing = Readings.empty(), Hearings.empty(), Scans.empty(n_ap=1)
    return Part(*nothing, ["q", "p"], {"p": np.array(windows)}, {"p": (t, x, y)})


def _fixes(t: list[float], x: list[float], sigma: float = 1.0) -> PlainFixes:
    n = len(t)
    cov = np.zeros((n, 2, 2))
    cov[:, 0, 0] = sigma**2
    return PlainFixes(
        np.array(t), np.ones(n, np.uint64), np.zeros(n, np.int32), np.array(x), np.zeros(n), cov, np.ones(n, np.int32)
    )


def test_a_window_s_error_is_its_last_fix_s_against_the_truth_between_two_rows() -> None:
    part = _part([0.0], ([0.0, 10.0], [0.0, 10.0], [0.0, 0.0]))
    assert errors(part, _fixes([2.0, 1.0], [3.0, 9.0])).tolist() == [[1.0, 1.0]]


def test_a_fix_half_a_second_past_its_window_still_counts_and_a_later_one_does_not() -> None:
    part = _part([0.0, 1.0, 2.0], ([0.0, 10.0], [0.0, 0.0], [0.0, 0.0]))
    error: F64 = errors(part, _fixes([3.4, 6.6], [1.0, 2.0]))[:, 0]
    assert error.tolist() == [1.0, 1.0, 2.0]


def test_a_window_without_a_fix_is_an_infinite_error() -> None:
    part = _part([0.0, 1.0], ([0.0, 10.0], [0.0, 0.0], [0.0, 0.0]))
    found = errors(part, _fixes([4.0], [0.5]))
    score = score_of(found, still=True)
    assert (score.windows, score.median_m, score.p90_m) == (2, 0.5, 0.5)  # the lower of two
    assert score_of(found[[0, 0, 1]], still=True).median_m == np.inf
    assert (score.within_1, score.within_2) == (1.0, 1.0), "of windows with a fix"


def test_families_are_means_of_logarithms_over_rows_with_a_baseline() -> None:
    score = Score(10, 1.0, 2.0, 0.7, 0.9, still=False, best="nls", best_m=2.0)
    rows = {
        "a | rssi | no survey": score,
        "b | rssi | no survey": replace(score, best_m=0.5, still=True),
        "c | rssi | no survey": replace(score, best="", best_m=float("nan")),
        "a | range | surveyed": score,
    }
    found = families(rows)
    assert {name: round(geometric_mean(own), 6) for name, own in found.items()} == {
        "rssi, no survey": 1.0,
        "ranges": 0.5,
        "walks": 0.5,
        "static": 2.0,
    }


def test_recordings_are_where_the_argument_or_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAYON_RECORDINGS", str(tmp_path))
    assert folder_of(None) == tmp_path
    with pytest.raises(OperatorError, match="no recordings there"):
        folder_of(str(tmp_path / "gone"))


def test_what_is_no_folder_of_recordings_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, said in ((tmp_path / "gone", "no recordings there"), (tmp_path, "holds no site")):
        assert main(["--recordings", str(folder)]) == 2
        assert main(["--recordings", str(folder), "--leave-one-site-out", "--minutes", "0"]) == 2
        err = capsys.readouterr().err
        assert err.count(said) == 2
        assert "docs/accuracy.md" in err


def test_constants_are_not_chosen_by_sites_that_no_plain_method_is_known_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They would count for nothing, and what is left would choose alone."""
    for name in ("hall", "room"):
        write_site(tmp_path / name, seconds=6)
    (tmp_path / "baselines.json").write_text(json.dumps({"room | rssi | no survey": {"nls": {"median": 2.0}}}))
    assert main(["--recordings", str(tmp_path), "--leave-one-site-out", "--minutes", "0"]) == 2
    err = capsys.readouterr().err
    assert "baselines.json: hall: no plain method is known of it" in err
    assert "room" not in err.replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("folds", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "names no readings"),
        ('[["points"]]', "[0]"),
        ('[[null, "walk"], [3, "walk"]]', "[1]"),
    ],
)
def test_folds_that_are_none_are_named(tmp_path: Path, folds: str, said: str) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "folds.json").write_text(folds)
    (site,) = sites_in(tmp_path)
    with pytest.raises(OperatorError, match=re.escape(said)):
        _ = site.folds


def test_a_recording_without_its_truth_is_named(tmp_path: Path) -> None:
    write_site(tmp_path / "room", seconds=6)
    (tmp_path / "room" / "truth-walk.csv").unlink()
    (site,) = sites_in(tmp_path)
    with pytest.raises(OperatorError, match=r"truth-walk\.csv"):
        site.rows()
