"""Consent: for which purpose and on which channel a shopper said yes. Nothing is ticked beforehand; no answer is a no.

`statistics`, `crm` and `clerk` hold on every channel and are written with the channel `any`; `location_offers` is
given per channel, because a yes to a coupon on the open page is no yes to an SMS.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeGuard, get_args

Purpose = Literal["statistics", "location_offers", "crm", "clerk"]
Channel = Literal["any", "page", "push", "email", "sms"]

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
CHANNELS: tuple[Channel, ...] = get_args(Channel)
CHANNELLED: frozenset[str] = frozenset({"location_offers"})

Grants = frozenset[tuple[str, str]]
"""What a shopper granted: (purpose, channel) pairs, and nothing else."""


@dataclass(frozen=True, slots=True)
class ConsentChoice:
    """One answer as the shopper gave it. Raises ValueError for a purpose or channel that does not exist."""

    purpose: Purpose
    channel: Channel
    granted: bool

    def __post_init__(self) -> None:
        if not is_purpose(self.purpose):
            raise ValueError(f"unknown purpose {self.purpose!r}: one of {', '.join(PURPOSES)}")
        if not is_channel(self.channel):
            raise ValueError(f"unknown channel {self.channel!r}: one of {', '.join(CHANNELS)}")
        if (self.purpose in CHANNELLED) == (self.channel == "any"):
            rule = "needs a channel of its own" if self.purpose in CHANNELLED else "is given for the channel 'any'"
            raise ValueError(f"consent to {self.purpose} {rule}, got {self.channel!r}")


@dataclass(frozen=True, slots=True)
class Consent:
    """One line of the append-only log: the answer, the version of the text shown, where and when."""

    shopper_id: str
    purpose: str
    channel: str
    granted: bool
    text_version: str
    place: str
    at: float


def is_purpose(text: str) -> TypeGuard[Purpose]:
    """Whether `text` names a purpose."""
    return text in PURPOSES


def is_channel(text: str) -> TypeGuard[Channel]:
    """Whether `text` names a channel."""
    return text in CHANNELS


def allows(grants: Grants, purpose: Purpose, channel: Channel) -> bool:
    """Whether these grants cover `purpose` on `channel`. Fails closed: no entry, no.

    For a purpose without channels, any channel asked for is answered by its one grant.
    """
    return (purpose, channel if purpose in CHANNELLED else "any") in grants


def targeted(grants: Grants) -> bool:
    """Whether location offers are granted on at least one channel: only then may a device be linked to a profile."""
    return any(purpose == "location_offers" for purpose, _ in grants)


def replay(log: Iterable[Consent]) -> dict[str, Grants]:
    """What each shopper grants after reading the log in order: the last word per purpose and channel counts."""
    last: dict[str, dict[tuple[str, str], bool]] = {}
    for line in log:
        last.setdefault(line.shopper_id, {})[line.purpose, line.channel] = line.granted
    return {shopper: frozenset(pair for pair, yes in said.items() if yes) for shopper, said in last.items()}
