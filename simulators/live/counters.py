"""What a live run did, counted for its summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulators.live.ground_truth import Witness


@dataclass
class Tally:
    """Counts of one live run. Latencies: seconds from a coupon's newest reading to its arrival on a phone.

    `acted`: what coupons made their shoppers do, in the words of `simulators.people.reactions`.
    """

    frames: int = 0
    readings: int = 0
    session_messages: int = 0
    unconfirmed_messages: int = 0
    shoppers: int = 0
    sign_in_pages: int = 0
    signed_in: int = 0
    signed_in_without_consent: int = 0
    streams_opened: int = 0
    streams_open: int = 0
    streams_open_peak: int = 0
    vouchers_received: int = 0
    acknowledged: int = 0
    seen: int = 0
    redeemed: int = 0
    shares: int = 0
    friend_opens: int = 0
    preview_bot_opens: int = 0
    self_opens: int = 0
    neighbour_opens: int = 0
    muted: int = 0
    latencies_s: list[float] = field(default_factory=list)
    responses: Counter[str] = field(default_factory=Counter)
    acted: Counter[str] = field(default_factory=Counter)
    farm_opens: int = 0
    guesses: Counter[str] = field(default_factory=Counter)
    disturbed: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    witness: Witness = field(default_factory=Witness)

    def stream_opened(self) -> None:
        """A phone listens."""
        self.streams_opened += 1
        self.streams_open += 1
        self.streams_open_peak = max(self.streams_open_peak, self.streams_open)

    def stream_closed(self) -> None:
        """A phone listens no more."""
        self.streams_open -= 1

    def summary(self) -> dict[str, Any]:
        """Everything as plain values; latencies as milliseconds, None where no coupon came."""
        out: dict[str, Any] = {name: value for name, value in vars(self).items() if isinstance(value, int)}
        out["latencies_s"] = [round(s, 4) for s in self.latencies_s]
        out["latency_ms_median"] = _percentile_ms(self.latencies_s, 50)
        out["latency_ms_p99"] = _percentile_ms(self.latencies_s, 99)
        out["acted"] = dict(sorted(self.acted.items()))
        out["guesses"] = dict(sorted(self.guesses.items()))
        out["responses"] = dict(sorted(self.responses.items()))
        return {**out, "disturbed": dict(sorted(self.disturbed.items())), "errors": dict(sorted(self.errors.items()))}


def _percentile_ms(values_s: list[float], percent: float) -> float | None:
    return round(float(np.percentile(values_s, percent)) * 1000, 1) if values_s else None
