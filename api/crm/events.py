"""Events for customer files that ask, page by page after a cursor: by a key of scope `crm`."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from api.auth import needs
from api.context import AppContext, context
from api.keyring import Grant
from api.problems import problem_responses
from engine.delivery.crm.forms import compose_event
from engine.errors import NotFound
from engine.storage.crm.lines import CrmEvent
from engine.storage.crm.log import read_log
from engine.vocabulary import CrmForm, CrmKind, Right

ALLOWED = needs(Right.READ_CRM_EVENTS, everywhere=True)
router = APIRouter(
    prefix="/v1/crm",
    tags=["crm"],
    dependencies=[Depends(ALLOWED)],
    responses=problem_responses(401, 403, 404, 422),
)
LARGEST = 2**62


class CrmEventOut(BaseModel):
    """One event, the same as a receiver that is called gets. `shopper` is a name of chance, the same for all events of
    one shopper; a larger `cursor` came later."""

    id: str
    type: CrmKind
    timestamp: str
    cursor: str
    shopper: str
    store: str | None
    data: dict[str, Any]


class CrmEventPage(BaseModel):
    """Events in their order. `next` goes into `after`; where it is what was asked with, there is nothing yet."""

    items: list[CrmEventOut]
    next: str = Field(description="The cursor of the next page: what is up to it need never be asked for again.")


@router.get("/events", summary="What customer files are told, after a cursor")
def crm_events(
    request: Request,
    ctx: Annotated[AppContext, Depends(context)],
    grant: Annotated[Grant, Depends(ALLOWED)],
    after: Annotated[int, Query(ge=0, le=LARGEST, description="`next` of the page before; 0 begins.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    receiver: Annotated[str | None, Query(max_length=40, description="Its name, where several ask.")] = None,
) -> CrmEventPage:
    """The same cursor gives the same again, but for what a shopper took back since. Asking after a cursor says that
    everything up to it has arrived. 422 for one that is ahead of the log: a backup was brought back."""
    events, cursor = read_log(ctx.db, _receiver(ctx, grant, receiver), after, limit, time.time())
    return CrmEventPage(items=[_out(request, event) for event in events], next=str(cursor))


def _receiver(ctx: AppContext, grant: Grant, named: str | None) -> str:
    """Whose cursor it is: the key's, which is called like its receiver. Else the only one that asks."""
    asking = [one.name for one in ctx.config.crm.receivers if one.form is CrmForm.PULL]
    mine = [name for name in asking if name == grant.called] or (asking if len(asking) == 1 else [])
    if named is not None:
        mine = [name for name in mine if name == named]
    if not mine:
        raise NotFound("no receiver of this key asks for events: `rayon keys add crm --name RECEIVER`")
    return mine[0]


def _out(request: Request, event: CrmEvent) -> CrmEventOut:
    asks = event.kind is CrmKind.PROFILE and event.shopper_id
    email: str = request.app.state.crm_mailbox(event.shopper_id) if asks else ""
    return CrmEventOut.model_validate(compose_event(event, email))
