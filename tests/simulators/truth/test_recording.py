"""Recordings: the same seed gives the same bytes, the tables agree with one another and with the world behind them."""

from __future__ import annotations

import csv
import json
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import LineString

from engine.errors import OperatorError, Problem
from engine.files import read_readings, read_truth
from simulators.people.phones import local_mac
from simulators.truth.readings_file import UNFINISHED, fingerprint
from simulators.truth.recording import record
from simulators.truth.truth import near_products, positions, zone_visits
from simulators.world import World
from tests.simulators.made import scenario, small_plan


@contextmanager
def files_of(most_bytes: int) -> Iterator[None]:
    """No file may grow beyond it."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, limit[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)


TABLES = ("readings", "truth", "shoppers", "visits", "near", "stops", "purchases", "sessions")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path, dict[str, int]]:
    folder = tmp_path_factory.mktemp("recorded")
    world = World(scenario(people={"arrivals_per_hour": 240, "start_inside": 15}), small_plan())
    return world, folder, record(world, folder)


def test_the_same_seed_gives_the_same_bytes(recorded: tuple[World, Path, dict[str, int]], tmp_path: Path) -> None:
    world, folder, counts = recorded
    again = World(world.scenario, small_plan())
    assert record(again, tmp_path) == counts
    for name in TABLES:
        assert (tmp_path / f"{name}.csv").read_bytes() == (folder / f"{name}.csv").read_bytes()


@pytest.mark.parametrize("cut_after", [1, 250, 601, 1199])
def test_a_recording_that_was_cut_off_goes_on(
    recorded: tuple[World, Path, dict[str, int]], tmp_path: Path, cut_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, folder, counts = recorded
    monkeypatch.setattr("simulators.truth.readings_file.TICKS_AT_ONCE", 200)
    left = [cut_after]

    def cut() -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(world, tmp_path, cut)
    assert (tmp_path / UNFINISHED).is_file()
    with (tmp_path / "readings.csv").open("a") as stream:
        stream.write("17,half a li")  # written, but never confirmed
    ticks: list[int] = []
    drawn = []
    tick = world.tick
    monkeypatch.setattr(world, "tick", lambda k: drawn.append(k) or tick(k))
    assert record(world, tmp_path, lambda: ticks.append(1)) == counts
    assert len(ticks) == world.ticks
    assert drawn[0] == max(cut_after - 1, 0) // 200 * 200
    assert not (tmp_path / UNFINISHED).exists()
    for name in TABLES:
        assert (tmp_path / f"{name}.csv").read_bytes() == (folder / f"{name}.csv").read_bytes()


def test_a_finished_recording_that_another_begins_to_replace_is_marked(
    recorded: tuple[World, Path, dict[str, int]], tmp_path: Path
) -> None:
    world, folder, _ = recorded
    for name in ("readings.csv", "truth.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())

    def cut() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(World(world.scenario.model_copy(update={"seed": 99}), small_plan()), tmp_path, cut)
    assert (tmp_path / UNFINISHED).is_file()


def test_of_a_full_disk_is_said_what_the_folder_holds(
    recorded: tuple[World, Path, dict[str, int]], tmp_path: Path
) -> None:
    world, folder, counts = recorded
    with files_of(20_000), pytest.raises(OperatorError) as told:
        record(world, tmp_path)
    assert "readings.csv: (whole file): File too large" in str(told.value)
    assert told.value.left == (
        f"{tmp_path} holds an unfinished recording, marked by unfinished.json: the same command goes on with it"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["readings.csv", UNFINISHED]
    assert record(world, tmp_path) == counts
    assert (tmp_path / "readings.csv").read_bytes() == (folder / "readings.csv").read_bytes()


def test_it_is_finished_when_all_beside_it_is_written(
    recorded: tuple[World, Path, dict[str, int]], tmp_path: Path
) -> None:
    world, _, counts = recorded

    def fail() -> dict[str, int]:
        raise OperatorError([Problem("frames.jsonl", "(whole file)", "No space left on device")])

    with pytest.raises(OperatorError) as told:
        record(world, tmp_path, write_beside=fail)
    assert "holds an unfinished recording" in told.value.left
    assert record(world, tmp_path, write_beside=lambda: {"frames": 7}) == counts | {"frames": 7}
    assert not (tmp_path / UNFINISHED).exists()


@pytest.mark.parametrize("spoil", ["another world", "not json", "short file"])
def test_what_is_left_of_another_recording_is_written_over(
    recorded: tuple[World, Path, dict[str, int]], tmp_path: Path, spoil: str
) -> None:
    world, folder, counts = recorded
    note = {"world": fingerprint(world), "tick": 600, "bytes": 10**9 if spoil == "short file" else 3, "readings": 1}
    if spoil == "another world":
        note["world"] = fingerprint(World(world.scenario.model_copy(update={"seed": 98}), small_plan()))
    (tmp_path / UNFINISHED).write_text("{" if spoil == "not json" else json.dumps(note))
    (tmp_path / "readings.csv").write_text("left over")
    assert record(world, tmp_path) == counts
    assert (tmp_path / "readings.csv").read_bytes() == (folder / "readings.csv").read_bytes()


def test_another_seed_gives_another_world(recorded: tuple[World, Path, dict[str, int]], tmp_path: Path) -> None:
    world, folder, _ = recorded
    record(World(world.scenario.model_copy(update={"seed": 99}), small_plan()), tmp_path)
    for name in ("readings", "truth"):
        assert (tmp_path / f"{name}.csv").read_bytes() != (folder / f"{name}.csv").read_bytes()


def test_a_shorter_run_is_the_beginning_of_the_whole_one(
    recorded: tuple[World, Path, dict[str, int]], tmp_path: Path
) -> None:
    world, folder, _ = recorded
    record(World(world.scenario, small_plan(), 100.0), tmp_path)
    short, whole = (tmp_path / "readings.csv").read_bytes(), (folder / "readings.csv").read_bytes()
    assert len(short) > 20_000
    assert whole.startswith(short)


def test_another_radio_leaves_the_people_alone(recorded: tuple[World, Path, dict[str, int]], tmp_path: Path) -> None:
    world, folder, _ = recorded
    radio = world.scenario.radio.model_copy(update={"exponent": 3.5})
    record(World(world.scenario.model_copy(update={"radio": radio}), small_plan()), tmp_path)
    for name in ("truth", "stops", "purchases", "sessions"):
        assert (tmp_path / f"{name}.csv").read_bytes() == (folder / f"{name}.csv").read_bytes()
    assert (tmp_path / "readings.csv").read_bytes() != (folder / "readings.csv").read_bytes()


def test_the_engine_reads_what_is_written(recorded: tuple[World, Path, dict[str, int]]) -> None:
    world, folder, counts = recorded
    readings, truth = read_readings(folder / "readings.csv"), read_truth(folder / "truth.csv")
    assert len(readings) == counts["readings"] > 5_000
    assert len(truth) == counts["truth"]
    connected = {s.name for s, on in zip(world.shoppers, world.phones.connected, strict=True) if on}
    assert set(truth.device.tolist()) <= connected
    aps = {ap.id for ap in world.plan.access_points}
    heard = set(readings.device.tolist())
    assert heard - aps <= connected
    assert heard & aps == aps
    assert not ((readings.device == readings.ap).any())
    start_t = world.scenario.starts_at.timestamp()
    assert readings.t.min() >= start_t
    assert readings.t.max() <= start_t + world.run_s + 1


def test_readings_come_only_while_the_shopper_is_inside(recorded: tuple[World, Path, dict[str, int]]) -> None:
    world, folder, _ = recorded
    readings, start_t = read_readings(folder / "readings.csv"), world.scenario.starts_at.timestamp()
    for journey in world.journeys:
        t = readings.t[readings.device == journey.shopper.name] - start_t
        if len(t):
            assert journey.start_s <= t.min()
            assert t.max() <= journey.end_s + 0.2


def test_scan_intervals_are_as_configured(recorded: tuple[World, Path, dict[str, int]]) -> None:
    world, _, _ = recorded
    gaps = np.concatenate([np.diff(world.scans.t_s[world.scans.shopper == i]) for i in range(len(world.shoppers))])
    assert gaps.min() >= 1.0
    assert gaps.max() <= 4.0
    assert gaps.mean() == pytest.approx(2.5, abs=0.1)


def test_stops_lie_where_the_truth_is(recorded: tuple[World, Path, dict[str, int]]) -> None:
    _, folder, _ = recorded
    truth = read_truth(folder / "truth.csv")
    heard = set(truth.device.tolist())
    stops = [s for s in rows(folder / "stops.csv") if s["kind"] == "product" and s["device"] in heard]
    assert len(stops) > 40
    for stop in stops:
        stood = (truth.device == stop["device"]) & (truth.t >= float(stop["since"])) & (truth.t <= float(stop["until"]))
        assert np.allclose(truth.x_m[stood], float(stop["x_m"]), atol=0.002)
        assert np.allclose(truth.y_m[stood], float(stop["y_m"]), atol=0.002)


def test_what_is_bought_was_stood_at_and_paid_at_a_till(recorded: tuple[World, Path, dict[str, int]]) -> None:
    world, folder, _ = recorded
    stops = rows(folder / "stops.csv")
    seen = {(s["device"], s["ref"]) for s in stops if s["kind"] == "product"}
    paid = {(s["device"], s["ref"], s["until"]) for s in stops if s["kind"] == "till"}
    purchases = rows(folder / "purchases.csv")
    assert len(purchases) > 10
    for p in purchases:
        assert (p["device"], p["sku"]) in seen
        assert (p["device"], p["till"], p["t"]) in paid
        assert int(p["unit_price_minor"]) == world.plan.product_by_sku[p["sku"]].price_minor


def test_zone_visits_cover_every_second_spent_in_zones(recorded: tuple[World, Path, dict[str, int]]) -> None:
    world, _, _ = recorded
    at = positions(world)
    stayed = sum(e.until_s - e.since_s + 1 for e in zone_visits(world, at) if e.place == "front")
    assert stayed == np.count_nonzero(at.x_m <= 8)


def test_near_is_within_the_radius_and_in_sight(recorded: tuple[World, Path, dict[str, int]]) -> None:
    world, _, _ = recorded
    at = positions(world)
    milk = world.store.ways.spot("product milk")
    shelves = [f.polygon for f in world.plan.fixtures]
    expected = 0
    for x, y in zip(at.x_m, at.y_m, strict=True):
        if np.hypot(x - milk.x_m, y - milk.y_m) <= 2.0:
            expected += not any(s.intersects(LineString([(x, y), (milk.x_m, milk.y_m)])) for s in shelves)
    episodes = [e for e in near_products(world, at) if e.place == "milk"]
    assert sum(e.until_s - e.since_s + 1 for e in episodes) == expected > 100
    stops = [(i, s) for i, j in enumerate(world.journeys) for s in j.stops if s.ref == "milk"]
    for i, stop in [(i, s) for i, s in stops if s.until_s < world.run_s]:
        assert any(e.shopper == i and e.since_s <= stop.since_s + 1 and stop.until_s - 1 <= e.until_s for e in episodes)


def test_shoppers_who_are_not_heard_are_listed_all_the_same(recorded: tuple[World, Path, dict[str, int]]) -> None:
    world, folder, _ = recorded
    listed = rows(folder / "shoppers.csv")
    assert len(listed) == len(world.shoppers)
    assert 0 < sum(row["connected"] == "1" for row in listed) < len(listed)


def test_sessions_open_before_they_close(recorded: tuple[World, Path, dict[str, int]]) -> None:
    world, folder, _ = recorded
    events: dict[str, list[str]] = {}
    for row in rows(folder / "sessions.csv"):
        events.setdefault(row["device"], []).append(row["event"])
    assert len(events) == np.count_nonzero(world.phones.connected & (world.crowd.start_s < world.run_s))
    assert {tuple(e) for e in events.values()} <= {("connect",), ("connect", "disconnect")}


def test_phones_that_are_not_connected_only_probe_and_change_their_mac(tmp_path: Path) -> None:
    phones = {"connected_share": 0.5, "probe_interval_s": 20.0}
    world = World(scenario(people={"arrivals_per_hour": 0, "start_inside": 60}, phones=phones), small_plan(), 300.0)
    record(world, tmp_path)
    readings, truth = read_readings(tmp_path / "readings.csv"), read_truth(tmp_path / "truth.csv")
    probes = {d for d in readings.device.tolist() if d.startswith("probe-")}
    silent = {s.name for s, on in zip(world.shoppers, world.phones.connected, strict=True) if not on}
    assert not silent & set(readings.device.tolist())
    assert not probes & set(truth.device.tolist())
    away_s = sum(min(j.end_s, 300.0) - j.start_s for j in world.journeys if j.shopper.name in silent)
    assert len(probes) == pytest.approx(away_s / 20.0, rel=0.25)
    for probe in sorted(probes)[:20]:
        t = readings.t[readings.device == probe]
        assert t.max() - t.min() <= 0.2
    macs = world.device_macs()
    assert len(set(macs)) == len(macs) == len(world.device_names())
    assert all(int(mac[:2], 16) & 3 == 2 for mac in macs[len(world.shoppers) + 4 :])


def test_macs_are_local_unicast_and_distinct(recorded: tuple[World, Path, dict[str, int]]) -> None:
    world, _, _ = recorded
    assert len(set(world.phones.mac)) == len(world.phones.mac)
    assert all(int(mac[:2], 16) & 3 == 2 for mac in world.phones.mac)
    assert local_mac(np.random.default_rng(1)) == local_mac(np.random.default_rng(1))


def test_a_crowd_of_300_is_heard_by_16_access_points() -> None:
    aps = small_plan().access_points
    plan = small_plan()
    many = tuple(type(a)(f"{a.id}-{k}", a.level, a.x_m, a.y_m, 2.8, a.name, None, None) for k in range(4) for a in aps)
    people = {"arrivals_per_hour": 0, "start_inside": 300, "list_length_mean": 60}
    crowd = scenario(duration_s=60.0, people=people, phones={"connected_share": 1.0})
    world = World(crowd, replace(plan, access_points=many))
    assert len(world.shoppers) > 250
    heard = sum(len(world.tick(k)) for k in range(world.ticks))
    assert heard > 250 * 16 * 60 / 2.5 * 0.7
