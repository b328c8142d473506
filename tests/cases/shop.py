"""The boutique with four phones in it, heard by two controllers: what the cases about time are told in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from engine.config import Config
from engine.ingest.decoders.native import Frame, NativeDecoder
from engine.plan.cells import walkable_cells
from engine.privacy.pseudonyms import Pseudonyms
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import Fixes
from engine.runtime.store_engine import Step, StoreEngine
from tests.engine.runtime.made import boutique, frames, payload, stands

NOW = 1_800_000_000.0
SECONDS = 60.0
PLAN = boutique()
SOURCES = ("c1", "c2")


@cache
def _radio_map() -> RadioMap:
    return prior_map(PLAN, walkable_cells(PLAN, Config().positioning.cell_m))


def engine() -> StoreEngine:
    """With the shipped configuration and the plan's own radio map."""
    return StoreEngine(PLAN, Config(), _radio_map())


def frame(source: str, sent_at: float, received_at: float, readings: list[dict[str, object]]) -> Frame:
    """As decoded from the wire; `t` of the readings is relative to `sent_at`."""
    decoder = NativeDecoder({"boutique": PLAN.ap_index}, Pseudonyms(b"0123456789abcdef", received_at))
    return decoder.decode(f"rayon/boutique/readings/{source}", payload(0.0, readings, sent_at), received_at)


def one_reading(t: float = 0.0) -> dict[str, object]:
    """A phone nobody else is."""
    return {"mac": "02:00:00:00:09:09", "ap": PLAN.access_points[0].id, "t": t, "rssi": -50.0}


def live(
    seconds: float = SECONDS, ahead: Callable[[str, float], float] = lambda _source, _at: 0.0
) -> list[tuple[float, Frame]]:
    """(seconds since NOW, frame) of two controllers that share the access points, each with a clock `ahead` of ours."""
    names = [ap.id for ap in PLAN.access_points]
    out = []
    for at, rows in frames(PLAN, stands(PLAN, 4, seconds), seconds):
        for i, source in enumerate(SOURCES):
            mine = [r | {"t": float(str(r["t"])) - at} for r in rows if names.index(str(r["ap"])) % 2 == i]
            out.append((at + 0.05, frame(source, NOW + at + ahead(source, at), NOW + at + 0.05, mine)))
    return out


def steps(chain: StoreEngine, coming: Iterable[tuple[float, Frame]], ahead_s: float = 0.0) -> list[Step]:
    """Each frame in a step of its own at its time, our clock being `ahead_s` ahead, then half a minute of silence."""
    out, at = [], 0.0
    for at, each in coming:
        out.append(chain.step([each], NOW + at + ahead_s))
    return out + [chain.step([], NOW + at + ahead_s + k) for k in range(1, 30)]


def fixes_of(done: list[Step]) -> Fixes:
    """All fixes of these steps."""
    return Fixes.concat([step.fixes for step in done])


@cache
def undisturbed() -> int:
    """How many fixes an undisturbed minute brings."""
    return len(fixes_of(steps(engine(), live())))
