"""Which rooms are tried, what they are held to, and which of all their changes are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.mutants.changes import Change, change, count

RULES_BAR, NUMERIC_BAR = 0.85, 0.75  # the least share of changes that a kind's own tests must notice


@dataclass(frozen=True, slots=True)
class Room:
    """A folder of code and where its own tests are; a test that is named by itself is of all its modules. Inner rooms
    count, but for those `without`."""

    name: str
    code: str
    tests: tuple[str, ...]
    without: tuple[str, ...] = ()

    def files(self, root: Path) -> list[str]:
        """Its modules, relative to the root."""
        found = sorted(str(p.relative_to(root)) for p in (root / self.code).rglob("*.py"))
        return [p for p in found if not any(p.startswith(f"{self.code}/{w}/") for w in self.without)]


def _engine(name: str, *without: str) -> Room:
    return Room(name, f"engine/{name}", (f"tests/engine/{name}",), without)


_HEARD = tuple(f"tests/engine/ingest/test_{name}.py" for name in ("events", "hearing", "names", "points", "samples"))
_INNER = ("agents", "decoders", "mqtt", "pollers", "portals", "shops", "sources", "time")
_REFERENCE = "tests/docs/test_documented.py::test_tables_on_pages_are_what_the_code_gives_now"

RULES = (
    *map(_engine, ("offers", "loyalty", "presence", "indicators", "commerce", "referee")),
    Room("privacy", "engine/privacy", ("tests/engine/privacy", "tests/cases/test_days_that_never_end.py")),
    _engine("plan", "drawing"),  # where a label stands in a drawing is a matter of taste
    # what lies flat there: its inner rooms are tried by themselves, or speak to the outside
    Room("ingest", "engine/ingest", (*_HEARD, "tests/cases/test_macs_in_samples.py"), _INNER),
    *map(_engine, ("ingest/time", "ingest/decoders", "ingest/portals", "ingest/shops")),
    # a key's bounds and its default are promised by the reference
    Room("config", "engine/config", ("tests/engine/test_config.py", _REFERENCE)),
    *map(_engine, ("runtime/stored", "runtime/labels", "runtime/promised", "runtime/cluster/placing")),
    Room("texts", "api/texts", ("tests/api/texts",)),
)
NUMERIC = (
    _engine("radio"),
    # a kernel is compiled, and kept: each is held to the numpy code in whose place it runs, which has its changes here
    _engine("positioning", "kernels"),
)
KINDS = {"rules": (RULES, RULES_BAR), "numeric": (NUMERIC, NUMERIC_BAR)}


def draw(root: Path, rooms: tuple[Room, ...], sample: int, seed: int) -> dict[Room, list[Change]]:
    """A random sample over all changes of these rooms, by room, in a random order. A sample of 0 is all of them."""
    every = [(room, path, k) for room in rooms for path in room.files(root) for k in range(count(root, path))]
    Random(seed).shuffle(every)
    chosen = every[:sample] if sample else every
    return {room: [change(root, path, k) for r, path, k in chosen if r == room] for room in rooms}
