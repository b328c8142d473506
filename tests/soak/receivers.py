"""How long senders wait: signed webhooks at a steady pace on one `rayon serve` and a real Mosquitto.

    python -m tests.soak.receivers --per-second 200 --seconds 20

Each message is sent when its time has come, whether the ones before are answered or not, so a receiver that falls
behind shows it. Ends with 1 where one is not taken, or the 95th percentile is above 50 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np

from tests.brokers import Mosquitto
from tests.sites import Site, until

ROOT = Path(__file__).parents[2]
SECRET, STORE, BAR_MS = "mist-signs-with-this", "supermarket", 50.0
SOURCE = {"name": "mist", "kind": "mist", "stores": [STORE], "receiver": True, "secret_env": "LOAD_MIST"}


def body(number: int, phones: int) -> bytes:
    """A webhook of so many phones, no two alike."""
    events = [
        {
            "ap_id": "02-00-00-00-00-01",
            "client_id": f"02-aa-bb-{number >> 8 & 255:02x}-{number & 255:02x}-{k:02x}",
            "packets": [{"band": "5", "rssi": -60.0 - (number % 30)}],
        }
        for k in range(phones)
    ]
    return json.dumps({"topic": "wifi-conn-raw", "number": number, "events": events}).encode()


async def send_all(url: str, per_second: int, seconds: float, phones: int) -> list[tuple[int, float]]:
    """(status, s until answered) of each."""
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    async with httpx.AsyncClient(limits=limits, timeout=30) as client:

        async def one(number: int) -> tuple[int, float]:
            content = body(number, phones)
            signed = {"X-Mist-Signature-v2": hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()}
            began = time.perf_counter()
            answer = await client.post(f"{url}/in/mist", content=content, headers=signed)
            return answer.status_code, time.perf_counter() - began

        began, tasks = time.perf_counter(), []
        for number in range(round(per_second * seconds)):
            await asyncio.sleep(max(began + number / per_second - time.perf_counter(), 0))
            tasks.append(asyncio.create_task(one(number)))
        return list(await asyncio.gather(*tasks))


def main() -> int:
    """1 where it is too slow, or says no."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--per-second", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--phones", type=int, default=10, help="of one message")
    options = parser.parse_args()
    os.environ["LOAD_MIST"] = SECRET
    with tempfile.TemporaryDirectory(prefix="rayon-load-") as folder, Mosquitto(Path(folder) / "broker") as broker:
        site = Site(Path(folder) / "site", broker.port, ROOT / "floorplans", [STORE])
        config = json.loads(json.dumps(_read(site.config))) | {"sources": [SOURCE]}
        site.config.write_text(json.dumps(config))
        site.start("serve", own_python=True)
        try:
            site.wait_ready()
            until(lambda: "connected" in site.log, 120.0, lambda: site.log[-2000:])
            asyncio.run(send_all(site.url, 20, 2.0, options.phones))  # warm
            answers = asyncio.run(send_all(site.url, options.per_second, options.seconds, options.phones))
        finally:
            site.stop()
    ms = 1000 * np.array([s for _, s in answers])
    p50, p95, p99 = np.quantile(ms, (0.5, 0.95, 0.99))
    taken = sum(status == 200 for status, _ in answers)
    sys.stdout.write(
        f"{taken} of {len(answers)} taken at {options.per_second}/s; "
        f"ms until answered: median {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f}, longest {ms.max():.0f}\n"
    )
    return 0 if taken == len(answers) and p95 <= BAR_MS else 1


def _read(path: Path) -> object:
    import yaml

    return yaml.safe_load(path.read_text())


if __name__ == "__main__":
    sys.exit(main())
