"""The people of a year as customers of a shop: what identifies them, and what they agreed to; drawn once for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.records import Bools
from simulators.scenario.channels import ChannelsConfig

FIRST_ACCOUNT = 1001
NEVER = 10**9
"""More visits than anybody makes: of who never agrees to offers."""


@dataclass(frozen=True, slots=True)
class Customers:
    """Everybody, each array (count,): has a card, an account, agreed to mails, to calls for an order; is held out from
    messages."""

    names: tuple[str, ...]
    connected: Bools
    card: Bools
    account: Bools
    mails: Bools
    called: Bools
    control: Bools

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
    card, account, mails, called, control = rng.random((5, len(names)))
    has_account = account < config.account_share
    return Customers(
        names,
        connected,
        np.asarray(card < config.card_share, np.bool_),
        np.asarray(has_account, np.bool_),
        np.asarray(has_account & (mails < config.messages.mail_consent_share), np.bool_),
        np.asarray(connected & (called < config.pickup_consent_share), np.bool_),
        np.asarray(control < config.messages.holdout_share, np.bool_),
    )
