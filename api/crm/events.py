"""Events for customer files that ask, page by page after a cursor: by a key of scope `crm`."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from api.auth import needs
from api.context import AppContext, context
from api.problems import problem_responses
from engine.delivery.crm.forms import shown
from engine.errors import NotFound
from engine.storage.crm.lines import CrmEvent
from engine.storage.crm.log import read_log
from engine.vocabulary import CrmForm, CrmKind, Right

router = APIRouter(
    prefix="/v1/crm",
    tags=["crm"],
    dependencies=[Depends(needs(Right.READ_CRM_EVENTS, everywhere=True))],
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
    after: Annotated[int, Query(ge=0, le=LARGEST, description="`next` of the page before; 0 begins.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    receiver: Annotated[str | None, Query(max_length=40, description="Its name, where several ask.")] = None,
) -> CrmEventPage:
    """The same cursor gives the same again, but for what a shopper took back since. Asking after a cursor says that
    everything up to it has arrived. 422 for one that is ahead of the log: a backup was brought back."""
    events, cursor = read_log(ctx.db, _receiver(ctx, receiver), after, limit, time.time())
    return CrmEventPage(items=[_out(request, event) for event in events], next=str(cursor))


def _receiver(ctx: AppContext, named: str | None) -> str:
    asking = [one.name for one in ctx.config.crm.receivers if one.form is CrmForm.PULL]
    if named is not None and named in asking:
        return named
    if named is None and len(asking) == 1:
        return asking[0]
    raise NotFound("no such receiver asks for events: `crm.receivers` names those that do")


def _out(request: Request, event: CrmEvent) -> CrmEventOut:
    asks = event.kind is CrmKind.PROFILE and event.shopper_id
    email: str = request.app.state.crm_mailbox(event.shopper_id) if asks else ""
    return CrmEventOut.model_validate(shown(event, email))
