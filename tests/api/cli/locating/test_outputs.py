"""Outputs of `rayon locate`, `calibrate` and `decide` over files that are there already."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.cli.test_bad_decisions import NO_CAMPAIGN, decide
from tests.api.cli.test_bad_input import READINGS, SURVEY, Site, rayon, site

__all__ = ["rayon", "site"]


def commands(site: Site, output: object) -> list[tuple[object, ...]]:
    heard = ("--readings", site.table("readings", READINGS))
    return [
        ("locate", site.folder, *heard, "-o", output),
        (*decide(site, NO_CAMPAIGN, READINGS)[:-1], output),
        (*site.calibrate(SURVEY)[:-1], output),
    ]


@pytest.mark.parametrize("name", ["campaigns.yaml", "plan.geojson"])
def test_no_output_replaces_a_file_of_the_store(site: Site, name: str) -> None:
    for command in commands(site, site.folder / name):
        before = (site.folder / name).read_bytes()
        assert f"{name}: --output: is {name}, which is read: it would be lost" in site.refused(*command)
        assert (site.folder / name).read_bytes() == before


@pytest.mark.parametrize("name", ["other.yaml", "notes", "old.npz", "old.csv"])
def test_no_output_replaces_a_file_of_another_kind(site: Site, tmp_path: Path, name: str) -> None:
    there = tmp_path / "elsewhere" / name
    there.parent.mkdir()
    there.write_text("t: mine\n")
    (there.parent / "link").symlink_to(there)
    tables = [] if name.endswith(".csv") else commands(site, there)[:2] + commands(site, there.parent / "link")[:2]
    maps = [] if name.endswith(".npz") else commands(site, there)[2:]
    for wanted, calls in ((".csv or .parquet", tables), (".npz", maps)):
        for command in calls:
            said = "--output: is there already, and is of another kind: it would be lost"
            assert f"{said} (give a name that ends in {wanted})" in site.refused(*command)
            assert there.read_text() == "t: mine\n"


def test_an_output_is_written_anew_whatever_its_name(site: Site) -> None:
    for i, command in enumerate(commands(site, site.out)):
        site.out = site.folder / f"out{i}"
        site.out.touch()
        site.run(*command[:-1], site.out)
        first = site.out.read_bytes()
        site.run(*command[:-1], site.out)
        assert site.out.read_bytes()[:4] == first[:4]
        site.run(*command[:-1], "/dev/null")
