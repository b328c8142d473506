"""Lighthouse on the shopper's pages, at phone size: `python -m tests.lighthouse`, `make lighthouse`. Needs npm.

Prints the four scores of the sign-in page and of a page with a coupon, and exits 1 where one is below 95 of 100.
Performance is reckoned from times of this machine, and a machine may be busy: where it alone falls short, it is the
best of three attempts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.config import ApiConfig, Config
from engine.storage.vouchers.outbox import acknowledge, pending
from tests.api.conftest import served
from tests.api.site import small_plan
from tests.databases import new_sqlite

PACKAGE = "lighthouse@12.8.2"
CATEGORIES = "performance,accessibility,best-practices,seo"
LEAST, ATTEMPTS, TIMED = 0.95, 3, "performance"
CHROMIUM = "/usr/bin/chromium"


def scores(url: str, cookie: str, folder: Path) -> dict[str, float]:
    """By category, 0 to 1. Raises CalledProcessError where Lighthouse cannot be run."""
    out = folder / "said.json"
    command = ["npx", "--yes", PACKAGE, url, "--quiet", "--output=json", f"--output-path={out}"]
    command += ["--form-factor=mobile", f"--only-categories={CATEGORIES}"]
    command += [f"--extra-headers={json.dumps({'Cookie': cookie})}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    environment = {"CHROME_PATH": CHROMIUM} | os.environ
    subprocess.run(command, env=environment, cwd=folder, check=True, timeout=300)
    said = json.loads(out.read_text(encoding="utf-8"))
    return {name: float(category["score"]) for name, category in said["categories"].items()}


def best(url: str, cookie: str, folder: Path) -> dict[str, float]:
    """The scores, and of attempts at performance the best: tried again only where that alone falls short."""
    found: dict[str, float] = {}
    for _ in range(ATTEMPTS):
        for name, score in scores(url, cookie, folder).items():
            found[name] = max(score, found.get(name, 0.0)) if name == TIMED else score
        if min(found.values()) >= LEAST or any(score < LEAST for name, score in found.items() if name != TIMED):
            break
    return found


def main() -> int:
    """A site with one coupon shown, and what Lighthouse says of it."""
    poor, began = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder, config = Path(name), Config(api=ApiConfig(port=0))
        with served(new_sqlite(folder / "rayon.db"), config, small_plan()) as site, site.client() as phone:
            who, now = site.sign_in(phone), time.time()
            site.issue(who, now)
            for row in pending(site.db, "page", now):
                acknowledge(site.db, row.delivery.delivery_id, who, now)
            cookie = "; ".join(f"{key}={value}" for key, value in phone.cookies.items())
            for path in ("/w/corner?lang=fr", "/me?lang=fr"):
                found = best(site.url + path, cookie, folder)
                sys.stdout.write(f"{path} {found}\n")
                poor += sum(score < LEAST for score in found.values())
    sys.stdout.write(f"{time.monotonic() - began:.0f} s\n")
    return 1 if poor else 0


if __name__ == "__main__":
    sys.exit(main())
