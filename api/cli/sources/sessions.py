"""Sessions on the command line: which can be used, and what is said of the others."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence

from engine.files.columns import TIME_CEILING_S
from engine.files.outcomes import SessionEvent
from engine.records import F64
from engine.vocabulary import SessionChange


def use_sessions(file: str, told: Sequence[SessionEvent], heard: Collection[str], t: F64) -> list[SessionEvent]:
    """The sessions that can be used beside readings of the devices `heard`, at `t`. Those of times that no clock shows
    make nobody a shopper; a no to offers holds all the same. Says on stderr what is left out, and where sessions and
    readings were recorded by other clocks or name devices differently."""
    timely = [said for said in told if 0.0 <= said.t < TIME_CEILING_S]
    strange = [said for said in told if not 0.0 <= said.t < TIME_CEILING_S]
    if strange:
        left = f"{len(strange)} of {len(told)} lines left out, of times that no clock shows"
        first = f"the first: {strange[0].t:g} is before 1970 or after 2100"
        _warn(file, f"{left} ({first}): write seconds since 1970, UTC")
    if len(t):
        for sentence in _doubts(timely, heard, t):
            _warn(file, sentence)
    return sorted([*timely, *(said for said in strange if said.consent is False)], key=lambda said: said.t)


def _doubts(timely: Sequence[SessionEvent], heard: Collection[str], t: F64) -> Iterator[str]:
    first, last, n = float(t.min()), float(t.max()), len(timely)
    unheard, late = sum(said.device not in heard for said in timely), sum(said.t > last for said in timely)
    if 2 * unheard > n:
        yield f"{unheard} of {n} lines are of devices that the readings have not: write `device` as they do"
    if 2 * late > n:
        ends = f"from {min(said.t for said in timely):.0f} on, readings {first:.0f} to {last:.0f}"
        yield f"{late} of {n} lines are of times after all readings ({ends}): both in seconds since 1970, UTC"
    joined = (said for said in timely if said.consent or said.event == SessionChange.CONNECT)
    if not any(said.device in heard and said.t <= last for said in joined):
        yield f"none of {len(heard)} devices of the readings connects in it before they end: nobody is a shopper"


def _warn(file: str, sentence: str) -> None:
    print(f"{file}: warning: {sentence}", file=sys.stderr)
