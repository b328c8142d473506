"""`python -m tests.soak.latency`: from a reading to the page, in the demo as anybody starts it: is that fast?

    python -m tests.soak.latency --seconds 180

Ends with 1 where the median is above 1.5 s or the 99th percentile above 2.5 s, windows being 1 s. Needs a machine with
nothing else to do, and Mosquitto.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

MEDIAN_S, P99_S, FEWEST = 1.5, 2.5, 50


def faults(said: Mapping[str, Any]) -> list[str]:
    """What is not as it should be in what `rayon demo --json` says, a sentence each."""
    n, median_s, p99_s = (said["reading_to_page_s"][name] for name in ("n", "median", "p99"))
    if n < FEWEST:
        return [f"{n} messages came to a page: too few to judge, run for longer"]
    found = [f"the median is {median_s} s, at most {MEDIAN_S:g}"] if median_s > MEDIAN_S else []
    return found + ([f"the 99th percentile is {p99_s} s, at most {P99_S:g}"] if p99_s > P99_S else [])


def main() -> int:
    """1 where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.latency", description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=180)
    options = parser.parse_args()
    demo = [sys.executable, "-m", "api.cli.main", "demo", "--seconds", str(options.seconds), "--json"]
    done = subprocess.run(demo, stdout=subprocess.PIPE, text=True, check=False)
    said = json.loads(done.stdout)
    sys.stdout.write(json.dumps(said["reading_to_page_s"]) + "\n")
    found = faults(said)
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
