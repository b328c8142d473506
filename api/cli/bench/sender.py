"""Senders of webhooks at a steady pace, in a process of their own: `python -m api.cli.bench.sender URL PER_SECOND S`.

The secret stands in the environment. Says as JSON how many milliseconds each waited for its answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import sys
import time

import httpx

SECRET_VARIABLE = "BENCH_SOURCE_SECRET"
PHONES = 10
CONNECTIONS = 100


async def send_all(url: str, per_second: int, seconds: float, secret: bytes) -> list[float]:
    """Milliseconds until each answer. Raises httpx.HTTPStatusError where one is not taken."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(limits=limits, timeout=60.0) as client:

        async def one(number: int) -> float:
            content = body(number)
            signed = {"X-Mist-Signature-v2": hmac.new(secret, content, hashlib.sha256).hexdigest()}
            began = time.perf_counter()
            answer = await client.post(url, content=content, headers=signed)
            answer.raise_for_status()
            return 1000.0 * (time.perf_counter() - began)

        began, tasks = time.perf_counter(), []
        for number in range(max(1, round(per_second * seconds))):
            await asyncio.sleep(max(began + number / per_second - time.perf_counter(), 0.0))
            tasks.append(asyncio.create_task(one(number)))
        return list(await asyncio.gather(*tasks))


def body(number: int) -> bytes:
    """A webhook of ten phones, no two alike."""
    events = [
        {
            "ap_id": "02-00-00-00-00-01",
            "client_id": f"02-aa-bb-{number >> 8 & 255:02x}-{number & 255:02x}-{k:02x}",
            "packets": [{"band": "5", "rssi": -60.0 - number % 30}],
        }
        for k in range(PHONES)
    ]
    return json.dumps({"topic": "wifi-conn-raw", "number": number, "events": events}).encode()


if __name__ == "__main__":
    url, per_second, seconds = sys.argv[1:]
    waited_ms = asyncio.run(send_all(url, int(per_second), float(seconds), os.environ[SECRET_VARIABLE].encode()))
    sys.stdout.write(json.dumps(waited_ms))
