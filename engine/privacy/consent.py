"""Consent: for which purpose and on which channel a shopper said yes. Nothing is ticked beforehand; no answer is a no.

`statistics`, `crm`, `crm_shopping`, `clerk`, `pickup` and `location_learning` hold on every channel and are written
with the channel `any`; `location_offers` is given per channel: a yes to a coupon on the open page is no yes to an SMS.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.vocabulary import Channel, Purpose

CHANNELLED: frozenset[Purpose] = frozenset({Purpose.LOCATION_OFFERS})

JOINED = Purpose.CRM
"""The purpose under which a shopper's visits are put beside what the shop's systems know of them: its wording says that
visits go to the customer file, and matching is a purpose of its own (CNIL SAN-2025-017)."""
JOINED_WITH = frozenset({Purpose.STATISTICS, Purpose.LOCATION_OFFERS})
"""What the two are put together for, each by a consent of its own beside it."""

ASK_AGAIN_S = 183 * 86_400.0
"""Whoever refused is not asked again for six months (CNIL, guidelines on cookies and recommendation 2025-131)."""

Grants = frozenset[tuple[Purpose, Channel]]
"""What a shopper granted: (purpose, channel) pairs, and nothing else."""


@dataclass(frozen=True, slots=True)
class ConsentChoice:
    """One answer as the shopper gave it. Raises ValueError for a purpose or channel that does not exist."""

    purpose: Purpose
    channel: Channel
    granted: bool

    def __post_init__(self) -> None:
        if self.purpose not in frozenset(Purpose):
            raise ValueError(f"unknown purpose '{self.purpose}': one of {', '.join(Purpose)}")
        if self.channel not in frozenset(Channel):
            raise ValueError(f"unknown channel '{self.channel}': one of {', '.join(Channel)}")
        if (self.purpose in CHANNELLED) == (self.channel == Channel.ANY):
            rule = "needs a channel of its own" if self.purpose in CHANNELLED else "is given for the channel 'any'"
            raise ValueError(f"consent to {self.purpose} {rule}, got '{self.channel}'")


@dataclass(frozen=True, slots=True)
class Consent:
    """One line of the append-only log: the answer, the version of the text shown, where and when."""

    shopper_id: str
    purpose: Purpose
    channel: Channel
    granted: bool
    text_version: str
    place: str
    at: float


def allows(grants: Grants, purpose: Purpose, channel: Channel) -> bool:
    """Whether these grants cover `purpose` on `channel`. Fails closed: no entry, no.

    For a purpose without channels, any channel asked for is answered by its one grant.
    """
    return (purpose, channel if purpose in CHANNELLED else Channel.ANY) in grants


def allows_targeting(grants: Grants) -> bool:
    """Whether location offers are granted on at least one channel: only then may a device be linked to a profile."""
    return any(purpose == Purpose.LOCATION_OFFERS for purpose, _ in grants)


def allows_joining(grants: Grants, *, purposes: frozenset[Purpose] = JOINED_WITH) -> bool:
    """Whether visits and shopping online may be put together for one of these purposes."""
    return allows(grants, JOINED, Channel.ANY) and any(purpose in purposes for purpose, _ in grants)


def may_ask(refused_at: float, now: float) -> bool:
    """Whether one who refused at `refused_at` may be asked again by now (s UTC)."""
    return now - refused_at >= ASK_AGAIN_S


def replay(log: Iterable[Consent]) -> dict[str, Grants]:
    """What each shopper grants after reading the log in order: the last word per purpose and channel counts."""
    last: dict[str, dict[tuple[Purpose, Channel], bool]] = {}
    for line in log:
        last.setdefault(line.shopper_id, {})[line.purpose, line.channel] = line.granted
    return {shopper: frozenset(pair for pair, yes in said.items() if yes) for shopper, said in last.items()}
