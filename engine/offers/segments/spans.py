"""When something holds, if nothing more happens: spans of time, in order and apart, each from its first moment to
before its last.

A count within a window changes by itself as what was counted grows old. Worked out once, it is known for every moment
to come, and whoever asks at one compares two numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

FAR = 253_402_300_799.0
"""The last second of the year 9999: for ever."""

Span = tuple[float, float]
Spans = tuple[Span, ...]

NEVER: Spans = ()


def always(now: float) -> Spans:
    """From now on, for ever."""
    return ((now, FAR),)


def when_within(
    counted: Iterable[tuple[float, int]], window_s: float | None, least: int, most: int | None, now: float
) -> Spans:
    """When the sum of what counts lies from `least` to `most`, from `now` on.

    `counted` are (time in s UTC, how much), which counts from that time for `window_s`, or for good; a time may lie
    ahead.
    """
    steps: dict[float, int] = defaultdict(int)
    total = 0
    for at, n in counted:
        end = FAR if window_s is None else at + window_s
        if end <= now:
            continue
        if at <= now:
            total += n
        else:
            steps[at] += n
        steps[end] -= n
    found: list[Span] = []
    since = now
    for at in (*sorted(t for t in steps if t < FAR), FAR):
        if least <= total and (most is None or total <= most):
            found.append((since, at))
        total += steps.get(at, 0)
        since = at
    return _join(found)


def both(first: Spans, second: Spans) -> Spans:
    """When both hold."""
    found = [(max(a, c), min(b, d)) for a, b in first for c, d in second]
    return _join([span for span in found if span[0] < span[1]])


def neither(of: Spans, now: float) -> Spans:
    """When this does not hold, from `now` on."""
    found, since = [], now
    for start, end in of:
        if start > since:
            found.append((since, start))
        since = max(since, end)
    return tuple(found) if since >= FAR else (*found, (since, FAR))


def _join(spans: Iterable[Span]) -> Spans:
    """In order, with what touches made one."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        elif start < end:
            out.append((start, end))
    return tuple(out)
