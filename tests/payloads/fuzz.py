"""Spoilt messages over all decoders: each gives records that are sound, or a refusal that is counted, and nothing else.

python -m tests.payloads.fuzz 10000000 [seed]
"""

from __future__ import annotations

import gc
import math
import sys
import time
from collections import Counter
from typing import NamedTuple

from engine.errors import MessageRefused
from engine.ingest.decoders import macs
from engine.ingest.decoders.forgetting import forget_addresses
from engine.ingest.decoders.heard import Decoded
from engine.ingest.decoders.kinds import DECODERS
from engine.vocabulary import RecordRefusal
from tests.payloads.expectations import Recorded
from tests.payloads.mutations import spoilers

BLOCK = 500_000  # after which a night's work says how it goes
WARM = 2_000  # examples, after which everything that is made once was made


class Fuzzed(NamedTuple):
    """`outcomes` counts what came out; `blocks` are what Python has allocated more at the end than after warming up."""

    examples: int
    outcomes: Counter[str]
    blocks: int
    seconds: float


def fuzz(examples: int, seed: int = 0) -> Fuzzed:
    """Tries so many spoilt messages, of all kinds in turn. Raises AssertionError with what repeats it."""
    every = list(spoilers(seed))
    outcomes: Counter[str] = Counter()
    begin, before = time.perf_counter(), 0
    for k in range(examples):
        if k == WARM:
            before = _allocated()
        outcomes[check(every[k % len(every)].next())] += 1
    return Fuzzed(examples, outcomes, _allocated() - before if examples > WARM else 0, time.perf_counter() - begin)


def check(one: Recorded) -> str:
    """What came of one message. Raises AssertionError where it is neither a sound result nor a refusal."""
    try:
        decoded = DECODERS[one.kind](one.message, one.told)
        problem = unsound(decoded)
    except MessageRefused as refused:
        if type(refused.reason) is RecordRefusal and len(refused.detail) <= 300:
            return f"message {refused.reason}"
        problem = f"refused for {refused.reason!r}"
    except Exception as error:  # whatever it is, it is what this looks for
        raise AssertionError(f"{one.kind}: {error!r} from {_said(one)}") from error
    if problem:
        raise AssertionError(f"{one.kind}: {problem} from {_said(one)}")
    return "decoded"


def unsound(decoded: Decoded) -> str:
    """What is wrong with a result; empty where nothing is."""
    for reading in decoded.readings:
        _, ap, t, rssi, range_m, sigma_m, *_ = reading
        if not ap or (rssi != rssi and range_m != range_m) or not (rssi != rssi or -120 <= rssi < 0):
            return f"a reading of {rssi} dBm and {range_m} m at {ap!r}"
        if math.isinf(range_m) or math.isinf(sigma_m) or (t == t and not 0 < t < 1e11):
            return f"a reading of {range_m} m, {sigma_m} m at {t}"
    for position in decoded.positions:
        on_plan = abs(position.x_m) <= 1e6 and abs(position.y_m) <= 1e6
        if not on_plan and not position.xy_by_floor and not (abs(position.lon) <= 180 and abs(position.lat) <= 90):
            return f"a position nowhere: {position[1:]}"
        if (position.error_m == position.error_m) != bool(position.error_kind):
            return "an error of no kind"
    for mac in (*(r.mac for r in decoded.readings), *(p.mac for p in decoded.positions)):
        if macs.colon_mac(mac) != mac:
            return "an address in another spelling"
    if any(type(reason) is not RecordRefusal or count < 1 for reason, count in decoded.refused.items()):
        return f"refused {decoded.refused}"
    return ""


def _allocated() -> int:
    """Blocks of memory in use, without what is remembered on purpose, which is bounded."""
    forget_addresses()
    gc.collect()
    return sys.getallocatedblocks()


def _said(one: Recorded) -> str:
    message = one.message
    return f"{message.method} topic={message.topic!r} headers={dict(message.headers)} body={message.body!r}"


def report(found: Fuzzed) -> str:
    """To read on a terminal."""
    head = f"{found.examples:,} in {found.seconds:,.0f} s; blocks of memory more: {found.blocks:,}"
    return "\n".join([head, *(f"{count:>12,}  {outcome}" for outcome, count in found.outcomes.most_common())]) + "\n"


def main(examples: int, seed: int) -> None:
    """Tries so many, and says what came of each `BLOCK` of them."""
    for k, start in enumerate(range(0, examples, BLOCK)):
        sys.stdout.write(f"seed {seed + k}: {report(fuzz(min(BLOCK, examples - start), seed + k))}")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns())
