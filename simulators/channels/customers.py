"""The people of a year as customers of a shop: what identifies them, and what they agreed to; drawn once for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engine.records import Bools
from simulators.scenario.channels import ChannelsConfig

FIRST_ACCOUNT = 1001
NEVER = 10**9
"""More visits than anybody makes: of who never agrees to offers."""


class MessageWay(StrEnum):
    """By which channel the shop says something."""

    PAGE = "page"
    EMAIL = "email"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class Customers:
    """Everybody, each array (count,): has a card, an account, agreed to mails, to notifications, to calls for an order.
    `held_out` (count,) by channel: gets no message by it."""

    names: tuple[str, ...]
    connected: Bools
    card: Bools
    account: Bools
    mails: Bools
    notified: Bools
    called: Bools
    held_out: Mapping[MessageWay, Bools]

    def __len__(self) -> int:
        return len(self.names)

    def email_of(self, i: int) -> str:
        """The mailbox of the account; empty where there is none."""
        return f"{self.names[i]}@shopper.example" if self.account[i] else ""

    def card_of(self, i: int) -> str:
        """The number on the card; empty where there is none."""
        return f"925{i + 1:010d}" if self.card[i] else ""

    def account_of(self, i: int) -> str:
        """The e-shop's number of the account; empty where there is none."""
        return str(FIRST_ACCOUNT + i) if self.account[i] else ""

    def web(self, i: int) -> dict[str, str]:
        """The customer of an event of the e-shop."""
        return {"email": self.email_of(i), "account": self.account_of(i)}

    def is_member(self, i: int) -> bool:
        """Whether the programme can know them: by a card or a mailbox."""
        return bool(self.card[i] or self.account[i])


def draw_customers(
    names: tuple[str, ...], connected: Bools, config: ChannelsConfig, rng: np.random.Generator
) -> Customers:
    """What is theirs for good. One draw for each of them and trait, so that one share moves nothing of another."""
    card, account, mails, called, page = rng.random((5, len(names)))
    email, push, notified = rng.random((3, len(names)))
    held_out = {MessageWay.PAGE: page, MessageWay.EMAIL: email, MessageWay.PUSH: push}
    has_account = account < config.account_share
    return Customers(
        names,
        connected,
        np.asarray(card < config.card_share, np.bool_),
        np.asarray(has_account, np.bool_),
        np.asarray(has_account & (mails < config.messages.mail_consent_share), np.bool_),
        np.asarray(has_account & connected & (notified < config.messages.push_consent_share), np.bool_),
        np.asarray(connected & (called < config.pickup_consent_share), np.bool_),
        {way: np.asarray(draws < config.messages.holdout_share, np.bool_) for way, draws in held_out.items()},
    )
