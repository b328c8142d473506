"""Days with labels, each a run of the whole chain in a process of its own; what came of one is kept and not run again.

What is kept is of these sources: when anything that may change it has changed, it is measured anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

from engine.referee.triggers import Counts
from tests.accuracy.labelled.counts import Located, Sent, located, sent
from tests.accuracy.labelled.days import labelled, labels_in, run

ROOT = Path(__file__).parents[3]
SOURCES = ("engine/**/*.py", "simulators/**/*.py", "simulators/**/*.yaml", "floorplans/**/*.*", "tests/accuracy/*.py")


@dataclass(frozen=True, order=True)
class Asked:
    """A day of a store, how many of its labels are told, and whether everybody of that `whole` day is scored."""

    kind: str
    amount: str
    seed: int
    seconds: float
    stated: tuple[float, ...]
    whole: bool = False

    @property
    def name(self) -> str:
        """As files are called."""
        stated, whole = "-".join(f"{p:g}" for p in self.stated), "-whole" * self.whole
        return f"{self.kind}-{self.seed}-{self.seconds:g}-{self.amount}-{stated}{whole}"


@dataclass(frozen=True)
class Came:
    """Of one day: of its fixes, and of its triggers by the precision that campaigns state."""

    located: Located
    sent: list[Sent]


def measure(asked: Asked) -> Came:
    """Runs the day."""
    given = labelled(asked.kind, asked.seed, asked.seconds, asked.stated, asked.whole)
    chain = run(given, labels_in(given.labels, asked.amount))
    return Came(located(given, chain), [sent(given, chain, p) for p in asked.stated])


def measured(every: Sequence[Asked], kept: Path, processes: int) -> Iterator[tuple[Asked, Came]]:
    """All of these days as they are done; those first that `kept`, a folder, has of these sources."""
    folder = kept / sources_digest()
    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    for asked in every:
        path = folder / f"{asked.name}.json"
        if path.exists():
            yield asked, came_of(json.loads(path.read_text(encoding="utf-8")))
        else:
            missing.append(asked)
    # a process a day: what one leaves in memory is not there for the next
    with ProcessPoolExecutor(processes, get_context("spawn"), max_tasks_per_child=1) as pool:
        under_way = {pool.submit(measure, asked): asked for asked in missing}
        for done in as_completed(under_way):
            asked, came = under_way[done], done.result()
            (folder / f"{asked.name}.json").write_text(json.dumps(asdict(came)), encoding="utf-8")
            yield asked, came


def came_of(said: dict) -> Came:
    """What `asdict` made of it, and JSON of that."""
    days = [Sent(**{**own, "by_device": [_counts(row) for row in own["by_device"]]}) for own in said["sent"]]
    return Came(Located(**said["located"]), days)


def _counts(row: Sequence[int]) -> Counts:
    due, came, fired, right = row
    return due, came, fired, right


def sources_digest(root: Path = ROOT) -> str:
    """Of everything that these figures are made by."""
    found = sha256()
    for path in sorted({path for pattern in SOURCES for path in root.glob(pattern) if path.is_file()}):
        found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]
