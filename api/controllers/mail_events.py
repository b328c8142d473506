"""`POST /v1/mail/events`: the provider that sends our e-mail says what came back and who complained.

Signed as Standard Webhooks 1.0 has it, under RAYON_MAIL_EVENTS_SECRET; without that secret nobody may speak. Said twice
it changes nothing, so what comes again is taken again.
"""

from __future__ import annotations

import time
from typing import Annotated, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, Field, ValidationError

from api.context import AppContext, context
from api.controllers.reading import HANG_UP, read_raw, turn_away
from api.problems import problem
from api.ratelimits import WRONG_KEYS_PER_MINUTE, RateLimits, line_of, rate_limits
from api.texts.consents import TEXT_VERSION
from engine.errors import MessageRefused, NotFound
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.shops.signatures import check_standard
from engine.privacy.consent import ConsentChoice, allows
from engine.privacy.identifiers import mailbox_digest
from engine.storage.people import shoppers
from engine.storage.sending.marks import mark_mailbox
from engine.vocabulary import Channel, MailboxMark, ProblemCode, Purpose, RecordRefusal

router = APIRouter(prefix="/v1/mail", tags=["controllers"])
MAIL_EVENTS = "RAYON_MAIL_EVENTS_SECRET"
SOURCE = "mail"
"""As what it is turned away is counted."""


class MailEvent(BaseModel):
    """What became of an e-mail. A `delayed` bounce is one that may go well yet: it changes nothing."""

    type: Literal["bounce", "complaint"]
    email: Annotated[str, Field(max_length=320)]
    delayed: bool = False


class MailEvents(BaseModel):
    """Several at once."""

    events: Annotated[list[MailEvent], Field(max_length=1_000)]


@router.post("/events", summary="What came back, and who complained", response_class=PlainTextResponse)
async def receive_events(
    request: Request, ctx: AppContext = Depends(context), limits: RateLimits = Depends(rate_limits)
) -> Response:
    """Nothing goes to such an address any more; a complaint ends the consent to e-mail at once and, for 30 days, all
    that sells. 401 without the right signature, 400 for another time than ours or another body."""
    raw = await read_raw(request, SOURCE)
    if isinstance(raw, Response):
        return raw
    now, secret = time.time(), str(request.app.state.mail_events_secret)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        if not secret:
            raise MessageRefused(RecordRefusal.BAD_SIGNATURE)
        check_standard(VendorMessage(raw, now, headers=headers), secret)
        said = MailEvents.model_validate_json(raw)
    except MessageRefused as refused:
        turn_away(request, SOURCE, str(refused.reason))
        if refused.reason is not RecordRefusal.BAD_SIGNATURE:
            return problem(400, ProblemCode.INVALID_REQUEST, str(refused.reason))
        guesser = f"{SOURCE} {line_of(request)}"
        await anyio.to_thread.run_sync(limits.spend, "wrong_source_key", guesser, WRONG_KEYS_PER_MINUTE)
        return problem(401, ProblemCode.UNAUTHORIZED, "sign the message", headers=HANG_UP)
    except ValidationError:
        turn_away(request, SOURCE, str(RecordRefusal.BAD_SHAPE))
        return problem(400, ProblemCode.INVALID_REQUEST, "not a list of bounces and complaints")
    await anyio.to_thread.run_sync(_take, ctx, said, now)
    return PlainTextResponse("")


def _take(ctx: AppContext, said: MailEvents, now: float) -> None:
    for event in said.events:
        digest = mailbox_digest(ctx.secrets, event.email)
        if digest is None or event.delayed:
            continue
        kind = MailboxMark.COMPLAINED if event.type == "complaint" else MailboxMark.RETURNED
        for who in mark_mailbox(ctx.db, digest, kind, now):
            if kind is MailboxMark.COMPLAINED:
                _stop(ctx, who, now)


def _stop(ctx: AppContext, who: str, now: float) -> None:
    """The consent to e-mail ends, as by the link in the letter."""
    choice = ConsentChoice(Purpose.LOCATION_OFFERS, Channel.EMAIL, False)
    try:
        if allows(shoppers.get_shopper(ctx.db, who).grants, Purpose.LOCATION_OFFERS, Channel.EMAIL):
            shoppers.set_consents(ctx.db, who, [choice], TEXT_VERSION, "complaint:email", now)
    except NotFound:  # erased meanwhile
        return
