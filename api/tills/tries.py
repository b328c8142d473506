"""How often a till may try codes, and how often wrong ones."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from api.auth import check_right
from api.context import AppContext
from api.keyring import Grant
from api.ratelimits import WRONG_CODES_PER_TILL, RateLimits, line_of
from engine.vocabulary import Right


@dataclass(frozen=True, slots=True)
class Tries:
    """The attempts of one till, and of all tills of its key at its address."""

    limits: RateLimits
    till: str
    key: str
    per_minute: int

    def begin(self) -> None:
        """Counts an attempt. Raises TooManyRequests before its code is looked at, or a right guess would answer.

        Where the key's tills together had too many wrong codes, those that had a right one lately go on: naming
        another till each time does not help a guesser, and does not close the shop.
        """
        self.limits.spend("till", self.till, self.per_minute)
        self.limits.shared.look("till_wrong", self.till, WRONG_CODES_PER_TILL)
        if not self.limits.trusts("till", self.till):
            self.limits.shared.look("till_wrong_key", self.key, self.per_minute)

    def tell(self, *, right: bool) -> None:
        """Whether the code was one of the store's."""
        if right:
            self.limits.trust("till", self.till)
        else:
            self.limits.shared.may("till_wrong", self.till, WRONG_CODES_PER_TILL)
            self.limits.shared.may("till_wrong_key", self.key, self.per_minute)


def begin(ctx: AppContext, limits: RateLimits, request: Request, grant: Grant, store: str, till: str) -> Tries:
    """Counts an attempt of this till. Raises NotFound for a store we have not or it is not for, TooManyRequests."""
    ctx.plan(store)
    check_right(grant, Right.USE_TILLS, store)
    key = f"{grant.fingerprint} {line_of(request)}"
    tries = Tries(limits, f"{key} {store} {till}", key, ctx.config.api.till_attempts_per_minute)
    tries.begin()
    return tries
