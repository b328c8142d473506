"""A guesser on IPv6 was a new caller with each try: limits counted single addresses, and a line has 2^64 of them.

Input: wrong keys and open connections from as many addresses of one network. Right: the limit of one line holds, the
next line and each IPv4 address are counted for themselves, and so are proxies, whose callers are many.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi import Request

from api.middleware.connections import Doorkeeper
from api.ratelimits import WRONG_KEYS_PER_MINUTE, RateLimits, TooManyRequests, line_of

API = Path(__file__).parents[2] / "api"


def request(address: str) -> Request:
    return Request({"type": "http", "client": (address, 4711), "headers": []})


def test_wrong_keys_of_one_line_are_counted_together() -> None:
    limits = RateLimits()
    for k in range(WRONG_KEYS_PER_MINUTE):
        limits.spend("wrong_key", line_of(request(f"2001:db8:0:7:{k:x}::1")), WRONG_KEYS_PER_MINUTE)
    with pytest.raises(TooManyRequests):
        limits.spend("wrong_key", line_of(request("2001:db8:0:7:ffff::2")), WRONG_KEYS_PER_MINUTE)
    for other in ("2001:db8:0:8::1", "192.0.2.1", "::ffff:192.0.2.2"):
        limits.spend("wrong_key", line_of(request(other)), WRONG_KEYS_PER_MINUTE)


def test_so_are_its_connections() -> None:
    door = Doorkeeper(1_000, 3, ["2001:db8::80"])

    def enters(address: str) -> bool:
        return door.enter(cast(Any, object()), door.line(address))

    assert [enters(f"2001:db8:0:7::{k}") for k in range(5)] == [True] * 3 + [False] * 2
    assert all(enters("2001:db8::80") for _ in range(5))
    assert enters("2001:db8:0:8::1")
    assert enters("192.0.2.1")


def test_no_limit_counts_a_single_address() -> None:
    """Whoever adds a door finds out here."""
    here = r"(?<!network_of\()\baddress\(request\)"
    counted = re.compile(rf"(?:spend|look|count|may)\([^)]*{here}|^\s*(?:guesser|key) = .*{here}", re.M)
    found = [str(path.relative_to(API)) for path in API.rglob("*.py") if counted.search(path.read_text())]
    assert found == []
