"""`python -m tests.soak.flood`: 50,000 made-up addresses in ten minutes, and what they cost a store.

    python -m tests.soak.flood --seconds 600

The same phones once alone and once among strangers, each in a process of its own. Ends with 1 where the strangers cost
more than 50 MB of memory or 10 MB of database, or the phones have fewer fixes than alone. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from engine.config import Config
from engine.runtime.store_runner import StoreRunner
from engine.storage.database import open_database
from tests.cases.test_mac_flood import PER_SECOND, PLAN, T0, phones, together
from tests.databases import new_sqlite

MEMORY_MB, DATABASE_MB = 50.0, 10.0
Figures = Mapping[str, float]


def faults(alone: Figures, flooded: Figures) -> list[str]:
    """What is not as it should be, a sentence each."""
    found = []
    for what, most_mb in (("memory_mb", MEMORY_MB), ("database_mb", DATABASE_MB)):
        more = flooded[what] - alone[what]
        if more > most_mb:
            found.append(f"{what}: {more:.1f} more, at most {most_mb:g}")
    if flooded["fixes"] < alone["fixes"]:
        found.append(f"the phones have {flooded['fixes']:.0f} fixes, and {alone['fixes']:.0f} alone")
    return found


def measure(duration_s: float, *, strangers: bool) -> dict[str, float]:
    """The most memory that this process ever had, the database with its log at the end, and fixes of the phones."""
    mine = {d for frame in phones(duration_s) for d in frame.readings.device.tolist()}
    given = together(duration_s) if strangers else list(phones(duration_s))
    fixes = 0
    with tempfile.TemporaryDirectory(prefix="rayon-flood-") as folder:
        db = open_database(new_sqlite(Path(folder) / "rayon.db"))
        runner = StoreRunner(PLAN, Config(), db, b"0123456789abcdef0123456789abcdef")
        runner.recover(T0)
        held_mb = _memory_mb("VmRSS")
        for frame in given:
            now = frame.received_at
            runner.keep([frame], now)
            step = runner.advance([frame], now)
            fixes += sum(d in mine for d in step.fixes.device.tolist())
            runner.decide(step, now)
            runner.checkpoint_if_due(now, 10.0)
        size_mb = sum(p.stat().st_size for p in Path(folder).iterdir()) / 1e6
        db.close()
    return {"memory_mb": _memory_mb("VmHWM") - held_mb, "database_mb": size_mb, "fixes": float(fixes)}


def main() -> int:
    """1 where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.flood", description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0, help=f"{PER_SECOND} strangers in each")
    parser.add_argument("--only", choices=["alone", "flooded"], help="this one, in this process")
    options = parser.parse_args()
    if options.only:
        sys.stdout.write(json.dumps(measure(options.seconds, strangers=options.only == "flooded")) + "\n")
        return 0
    said: dict[str, dict[str, float]] = {}
    for which in ("alone", "flooded"):
        command = [sys.executable, "-m", "tests.soak.flood", "--seconds", str(options.seconds), "--only", which]
        said[which] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    found = faults(said["alone"], said["flooded"])
    sys.stdout.write(json.dumps(said) + "\n")
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    return 1 if found else 0


def _memory_mb(what: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


if __name__ == "__main__":
    sys.exit(main())
