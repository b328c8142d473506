"""Rows of the journal in detail, visits that are a shopper's, and by what the floor plan of a state is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.config import Config
from engine.ingest.decoders.native import Frame
from engine.ingest.mqtt.receiver import RawFrame, Token
from engine.offers.audience import LinkedShopper
from engine.plan.cells import walkable_cells
from engine.privacy.day_keys import KeyFile
from engine.privacy.nights import Nights
from engine.records import DeviceId, Readings, VisitEvent
from engine.runtime.stored.gathering import Gathering
from engine.runtime.stored.journal import (
    MORE_BYTES,
    ROW_BYTES,
    SEALED_BYTES,
    pack_frames,
    read_linked,
    steps_in,
    unpack_frames,
)
from engine.runtime.stored.layout import layout_of
from engine.runtime.stored.names import NameBook, ReadBook
from engine.runtime.stored.pace import Pace
from engine.runtime.stored.packing import pack
from engine.runtime.stored.sealed_days import SealedDays
from engine.runtime.stored.visit_rows import visit_row
from engine.storage.journal import VisitRow
from engine.vocabulary import LabelRefusal, ReadingRefusal, RecordRefusal
from tests.cases.shop import PLAN


def frame(*devices: int, source: str = "c1", now: float = 1.0, replay: bool = False) -> Frame:
    n = len(devices)
    nothing = np.full(n, np.nan, np.float32)
    own = Readings(np.full(n, 1.0), np.array(devices, np.uint64), np.zeros(n, np.int32), nothing, nothing, nothing)
    return Frame("shop", source, now, now, own, Readings.empty(), {}, replay)


def test_a_row_is_a_page_or_one_of_few_larger_sizes() -> None:
    """1,024 bytes of SQLite's page leave 896 for what is sealed."""
    assert (ROW_BYTES, MORE_BYTES) == (857, 2_040)
    chance = np.random.default_rng(1)
    sizes = set()
    for n in (1, 60, 90, 120, 200, 300, 400, 800):
        packed, _ = pack_frames([frame(*chance.integers(0, 2**64, n, np.uint64).tolist())], "plan", NameBook())
        used = len(packed.rstrip(b"\0"))
        assert len(packed) == 857 + 2_040 * max(0, -(-(used - 857) // 2_040))
        sizes.add(len(packed))
    assert {857, 857 + 2_040} < sizes


def test_sealing_adds_what_the_row_leaves_for_it(tmp_path: Path) -> None:
    days = SealedDays("shop", Nights("UTC"), KeyFile(tmp_path))
    assert len(days.close(bytes(ROW_BYTES), 1_800_000_000.0)) == ROW_BYTES + SEALED_BYTES


def test_a_row_says_whose_devices_were_linked_and_when_frames_came() -> None:
    frames = [frame(source=name) for name in "abc"]
    packed, _ = pack_frames(frames, "plan", NameBook(), [7, 2**64 - 1], [(10.0, 2), (11.0, 1)])
    assert read_linked(packed) == [7, 2**64 - 1]
    assert [(at, [f.source for f in some]) for at, some in steps_in(packed, frames, 99.0)] == [
        (10.0, ["a", "b"]), (11.0, ["c"]),
    ]  # fmt: skip
    plain, _ = pack_frames(frames, "plan", NameBook())
    assert read_linked(plain) == []
    assert steps_in(plain, frames, 99.0) == [(99.0, frames)]


def test_every_reason_comes_back_as_what_it_is() -> None:
    refused = {ReadingRefusal.BAD_MAC: 1, LabelRefusal.LABEL_OFF_PLAN: 2, RecordRefusal.BAD_AMOUNT: 3}
    packed, _ = pack_frames([replace(frame(), refused=dict(refused))], "plan", NameBook())
    (back,) = unpack_frames("shop", packed, "plan", ReadBook()) or ()
    assert back.refused == refused
    assert {type(reason) for reason in back.refused} == {ReadingRefusal, LabelRefusal, RecordRefusal}
    assert back.replay is False


@pytest.mark.parametrize("tree", [{}, {"layout": "plan"}, {"layout": "plan", "frames": [{}]}, [],
                                  {"layout": "plan", "frames": [7]}])  # fmt: skip
def test_what_is_no_row_is_a_value_error(tree: object) -> None:
    with pytest.raises(ValueError, match="no frames"):
        unpack_frames("shop", pack(tree), "plan", ReadBook())


LINK = LinkedShopper("ann", frozenset(), created_at=10.0, linked_at=100.0)


@pytest.mark.parametrize(
    ("link", "started_at", "dwell_s", "row"),
    [
        (LINK, 50.0, 100.0, (100.0, 150.0, 50.0)),
        (LINK, 120.0, 30.0, (120.0, 150.0, 30.0)),
        (LINK, 50.0, 50.0, (100.0, 100.0, 0.0)),
        (LINK, 50.0, 49.5, None),
        (replace(LINK, created_at=130.0), 50.0, 100.0, (130.0, 150.0, 20.0)),
    ],
)
def test_a_visit_is_its_shoppers_since_the_phone_is(
    link: LinkedShopper, started_at: float, dwell_s: float, row: tuple[float, float, float] | None
) -> None:
    event = VisitEvent("leave", DeviceId(1), "wine", started_at, started_at + dwell_s, dwell_s, 0.5)
    assert visit_row(link, event, "v1") == (row and VisitRow("ann", "wine", "v1", *row))


def test_another_plan_or_grid_has_another_name() -> None:
    config = Config.model_validate({"positioning": {"cell_m": 2.0}})
    cells = walkable_cells(PLAN, 2.0)
    own = layout_of(PLAN, config, cells)
    assert len(own) == 16
    assert int(own, 16) >= 0
    assert layout_of(PLAN, config, cells) == own
    others = [
        layout_of(PLAN, Config.model_validate({"positioning": {"cell_m": 2.5}}), cells),
        layout_of(PLAN,
        config.model_copy(update={"presence": config.presence.model_copy(update={"heat_cell_m": 9.0})}), cells),
        layout_of(PLAN, config, replace(cells, x_m=cells.x_m + 1.0)),
        layout_of(PLAN, config, replace(cells, y_m=cells.y_m + 1.0)),
        layout_of(PLAN, config, replace(cells, level=cells.level + 1)),
        layout_of(replace(PLAN, zones=PLAN.zones[1:]), config, cells),
        layout_of(replace(PLAN, access_points=PLAN.access_points[1:]), config, cells),
        layout_of(replace(PLAN, levels=tuple(replace(level, id="x") for level in PLAN.levels)), config, cells),
    ]  # fmt: skip
    assert len({own, *others}) == 9


@pytest.mark.parametrize(
    ("pace", "due_at", "overdue_at"),
    [
        (Pace(1000.0, 1500.0), 1500.0, 1600.0),  # a fifth of a long rest
        (Pace(1000.0, 1100.0), 1100.0, 1130.0),  # half a minute
        (Pace(1000.0, 1005.0), 1010.0, 1040.0),
        (Pace(1000.0), 1010.0, 1040.0),
    ],
)
def test_a_state_is_due_once_it_was_paid_for_and_overdue_soon_after(
    pace: Pace, due_at: float, overdue_at: float
) -> None:
    for rounded, at in ((True, due_at), (False, overdue_at)):
        assert not pace.is_due(at - 0.25, 10.0, rounded=rounded)
        assert pace.is_due(at, 10.0, rounded=rounded)
    assert not pace.is_due(1000.0, 10.0, rounded=True)
    assert pace.is_due(999.75, 10.0, rounded=False), "our clock was put back"


def test_a_state_is_paid_for_at_two_kilobytes_a_second() -> None:
    pace = Pace()
    assert pace.is_due(0.0, 10.0, rounded=False), "nothing was ever saved"
    for saved_bytes, rest_s in ((2_200, 1.0), (1_980_000, 900.0), (1_982_200, 900.0)):
        pace.note(1000.0, saved_bytes)
        assert (pace.saved_at, pace.rest_until) == (1000.0, 1000.0 + rest_s)
    pace.note(2000.0)
    assert (pace.saved_at, pace.rest_until) == (2000.0, 1900.0)


def gathered(n: int, now: float) -> Gathering:
    """Two sources are known, of which one says so many frames more at `now`."""
    gathering = Gathering(1.0)
    for source in ("a", "b"):
        gathering.add(RawFrame("", b"", 0.0, Token(1, 1)), frame(source=source), 0.0, 0.0)
    gathering.take(0.0)
    for mid in range(n):
        gathering.add(RawFrame("", b"", now, Token(2, mid)), frame(), now, now)
    return gathering


@pytest.mark.parametrize(
    ("n", "at", "ready"), [(1, 1.5, 0), (1, 1.625, 1), (31, 1.0, 0), (32, 1.0, 32), (1, 0.5, 1), (0, 9.0, 0)]
)
def test_how_long_and_how_many_wait(n: int, at: float, ready: int) -> None:
    assert len(gathered(n, 1.0).take(at).get("shop", [])) == ready


def test_what_the_broker_sends_again_goes_and_what_it_never_numbered_stays() -> None:
    for connection, left in ((2, [0, 1, 2]), (3, [0])):
        gathering = gathered(3, 1.0)
        gathering.forget_before(connection)
        assert [raw.token.mid for raw, _ in gathering.drop("shop")] == left


def test_a_source_tells_no_less_than_before() -> None:
    gathering = Gathering(1.0)
    gathering.add(RawFrame("", b"", 0.0, Token(1, 1)), frame(), 10.0, 10.5)
    assert gathering.take(10.0).keys() == {"shop"}
    gathering.add(RawFrame("", b"", 0.0, Token(1, 2)), frame(), 10.25, 9.5)
    assert gathering.take(10.25) == {}, "the window of 10 s is still open"
