"""Partners of the programme give points: by a key of scope `partner`, once for each of their references."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.auth import needs
from api.context import AppContext, context
from api.keyring import Grant
from api.problems import problem_responses
from engine.errors import BusinessRefusal
from engine.offers.bounds import Moment
from engine.privacy.identifiers import identifier_digest, normalise
from engine.storage.commerce.given import Given, keep_given
from engine.vocabulary import EntryKind, IdentifierKind, ProblemCode, Right

MOST_POINTS = 1_000_000

router = APIRouter(prefix="/v1/loyalty/partners", tags=["managers"], responses=problem_responses(401, 403, 422))
Partner = Annotated[Grant, Depends(needs(Right.GIVE_POINTS, everywhere=True))]


class Gift(BaseModel):
    """Points for whoever has a card or a mailbox."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(min_length=1, max_length=100, description="The partner's own name of this gift.")
    card: str | None = Field(None, max_length=64)
    email: str | None = Field(None, max_length=254)
    points: int = Field(strict=True, ge=1, le=MOST_POINTS)
    ends_at: Moment | None = Field(None, description="When they end; without it, never.")

    @model_validator(mode="after")
    def _one(self) -> Gift:
        if (self.card is None) == (self.email is None):
            raise ValueError("give exactly one of card and email")
        return self


class GiftKept(BaseModel):
    """`new` is false where this reference was given before."""

    new: bool


@router.post("/points", status_code=202, summary="Give points to a card or mailbox")
def give(body: Gift, grant: Partner, ctx: Annotated[AppContext, Depends(context)]) -> GiftKept:
    """Once for each reference of this partner, whose key may have been rotated meanwhile.

    The answer is the same whether anybody has the card or mailbox: points come when it is proved, within a year. 422
    `ledger_key_reused` for a reference with other points.
    """
    kind = IdentifierKind.CARD if body.card is not None else IdentifierKind.EMAIL
    value = normalise(kind, body.card or body.email or "")
    if value is None:
        raise BusinessRefusal(f"no {kind}", code=ProblemCode.INVALID_REQUEST, status=422)
    digest = identifier_digest(ctx.secrets, kind, value)
    ends_at = None if body.ends_at is None else body.ends_at.timestamp()
    given = Given(f"partner:{grant.line}", body.reference, EntryKind.PARTNER, digest, body.points, ends_at)
    return GiftKept(new=keep_given(ctx.db, [given], time.time()) == 1)
