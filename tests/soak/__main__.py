"""`make soak`: three hundred phones at the pace of the wall clock, and whether memory, disk and fixes stay as they are.

    make soak MINUTES=60                        what runs at night
    python -m tests.soak --minutes 20 --json    the same, figures as JSON at the end

A line a minute. Ends with 1 where memory grows, a day would write more than 2 GB, or readings do not become fixes.
Needs Linux, for what /proc says, and Mosquitto.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.soak.verdict import DAY_S, GB, MIB, Sample, faults, memory_trend, warm_up_s, written_gb_per_day
from tests.soak.watch import Load, watched

EVERY_S = 5.0


def main() -> int:
    """1 where something is not as it should be."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="rayon-soak-", dir=options.folder) as folder:
        samples, phones, left_out = _run(Path(folder), 60.0 * options.minutes)
    found = faults(samples, phones["readings"] - phones["unconfirmed_messages"])
    figures = _figures(samples, phones) | {"left_out": left_out}
    sys.stdout.write(json.dumps(figures | {"faults": found}) + "\n" if options.json else _table(figures))
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    return 1 if found else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="after the start of the phones; 5 at least")
    parser.add_argument("--folder", type=Path, help="where to write; a disk, or nothing is known of what it writes")
    parser.add_argument("--json", action="store_true", help="prints one JSON object at the end")
    options = parser.parse_args()
    if options.minutes < 5:
        parser.error("--minutes: in less than 5 nothing is seen of a trend")
    return options


def _run(folder: Path, run_s: float) -> tuple[list[Sample], dict[str, Any], dict[str, int]]:
    with watched(folder) as site:
        load = Load(site.site, site.broker)
        try:
            samples = [site.sample()]
            began, said = time.monotonic(), 0
            while (at_s := time.monotonic() - began) < run_s and load.running and site.site.running():
                time.sleep(min(EVERY_S, run_s - at_s))
                samples.append(site.sample())
                if int(at_s / 60) > said:
                    said = int(at_s / 60)
                    sys.stderr.write(f"{said:4d} min  {_line(samples)}\n")
            phones = load.end()
        finally:
            load.kill()
        samples.append(site.wait_used(phones["readings"]))
        left_out = site.left_out()
        if not site.site.running():
            raise RuntimeError(f"the site ended by itself:\n{site.site.log[-4000:]}")
    return samples, phones, left_out


def _line(samples: list[Sample]) -> str:
    """Where it stands, and what the last minute was like."""
    now = samples[-1]
    then = next(s for s in samples if s.t_s >= now.t_s - 60.0 - EVERY_S / 2)
    took_s = max(now.t_s - then.t_s, 1.0)
    return (
        f"{now.rss_bytes / MIB:6.1f} MiB  {(now.used - then.used) / took_s:6.0f} readings/s  "
        f"{(now.fixes - then.fixes) / took_s:5.0f} fixes/s  "
        f"{(now.written_bytes - then.written_bytes) / took_s * DAY_S / GB:5.2f} GB/day written"
    )


def _figures(samples: list[Sample], phones: dict[str, Any]) -> dict[str, Any]:
    trend, last = memory_trend(samples), samples[-1]
    warm = next(s for s in samples if s.t_s >= warm_up_s(last.t_s))
    return {
        "minutes": round(last.t_s / 60, 1),
        "readings_published": phones["readings"],
        "readings_used": last.used,
        "fixes": last.fixes,
        "fixes_per_s": round((last.fixes - warm.fixes) / (last.t_s - warm.t_s), 1),
        "pages_open_peak": phones["streams_open_peak"],
        "vouchers_received": phones["vouchers_received"],
        "redeemed": phones["redeemed"],
        "warm_up_min": round(warm.t_s / 60, 1),
        "memory_mib": round(trend.level_mib, 1),
        "memory_mib_per_h": round(trend.mib_per_h, 2),
        "memory_trend_p": float(f"{trend.p:.2g}"),
        "memory_flat": trend.flat,
        "written_gb_per_day": round(written_gb_per_day(samples), 2),
    }


def _table(figures: dict[str, Any]) -> str:
    return "".join(f"{name.replace('_', ' '):20}  {value}\n" for name, value in figures.items())


if __name__ == "__main__":
    sys.exit(main())
