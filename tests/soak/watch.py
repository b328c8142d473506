"""A site under load in processes of its own, and what the system and the site itself say of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.storage.database import open_database
from engine.storage.status import get_status
from tests.brokers import Mosquitto
from tests.sites import PORTAL_SECRET, TILL_KEY, Site, until
from tests.soak.verdict import Sample

ROOT = Path(__file__).parents[2]
SCENARIO = Path(__file__).with_name("scenario.yaml")
STORE = "supermarket"
END_S = 60.0


class Load:
    """The simulated phones: `rayon simulate --mqtt --api` at the pace of the wall clock."""

    def __init__(self, site: Site, broker: Mosquitto, scenario: Path = SCENARIO) -> None:
        command = [sys.executable, "-m", "api.cli.main", "simulate", str(scenario), "--mqtt", broker.url]
        environ = os.environ | {
            "RAYON_TILL_KEY": TILL_KEY,
            "RAYON_PORTAL_SECRET_SUPERMARKET": PORTAL_SECRET,
            "PYTHONPATH": str(ROOT),
        }
        self.log_path = site.folder / "phones.log"
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--api", site.url, "--json"], stdout=subprocess.PIPE, stderr=log, text=True, env=environ
            )

    @property
    def running(self) -> bool:
        """Whether phones are still heard."""
        return self._process.poll() is None

    def end(self) -> dict[str, Any]:
        """Asks it to end. Returns its summary. Raises RuntimeError where it has none."""
        if self.running:
            self._process.send_signal(signal.SIGINT)
        out, _ = self._process.communicate(timeout=END_S)
        if self._process.returncode != 0:
            raise RuntimeError(f"the phones ended with {self._process.returncode}: {self.log_path.read_text()[-2000:]}")
        said: dict[str, Any] = json.loads(out)
        return said

    def kill(self) -> None:
        """Ends it where it still runs."""
        if self.running:
            self._process.kill()
            self._process.communicate()


class Watched:
    """A site and its broker, running."""

    def __init__(self, site: Site, broker: Mosquitto) -> None:
        self.site, self.broker = site, broker
        self._db = open_database(site.database_url)
        self._began = time.monotonic()

    def sample(self) -> Sample:
        """What /proc says of the process, and its status row of what it did."""
        counts = self.status().get("counts", {})
        return Sample(
            time.monotonic() - self._began,
            resident_bytes(self.site.pid),
            written_bytes(self.site.pid),
            counts.get("readings_used", 0) + counts.get("ap_readings", 0),
            counts.get("fixes", 0),
        )

    def status(self) -> dict[str, Any]:
        """What the store's engine said last, empty before its first report."""
        said = (s.values for s in get_status(self._db) if s.store == STORE and s.component == "engine")
        return next(said, {})

    def left_out(self) -> dict[str, int]:
        """How many readings were not used, by reason."""
        status = self.status()
        return {**status["refused"], **{name: status[name] for name in ("late", "duplicates", "not_played", "held")}}

    def wait_used(self, readings: int, timeout_s: float = 30.0) -> Sample:
        """The last sample: when so many readings were used, or nothing more comes."""
        deadline = time.monotonic() + timeout_s
        while (last := self.sample()).used < readings and time.monotonic() < deadline:
            time.sleep(0.5)
        return last

    def close(self) -> None:
        """Closes the database."""
        self._db.close()


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """`rayon serve` of the supermarket on a Mosquitto of its own, everything in `folder`."""
    with Mosquitto(folder / "broker") as broker:
        site = Site(folder, broker.port, ROOT / "floorplans", [STORE])
        site.start("serve", own_python=True)
        try:
            site.wait_ready()
            until(lambda: "connected" in site.log, 120.0, lambda: site.log[-2000:])
            seen = Watched(site, broker)
            try:
                yield seen
            finally:
                seen.close()
        finally:
            site.stop()


def resident_bytes(pid: int) -> float:
    """What the process holds in memory now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def written_bytes(pid: int) -> float:
    """What the process has had written to disk so far. Where its folder is in memory, 0."""
    lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return float(lines["write_bytes"])
