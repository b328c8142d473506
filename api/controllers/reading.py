"""What every receiver begins with: a body bounded in size and time, and the count of what is turned away."""

from __future__ import annotations

import time

from fastapi import Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from api.middleware.bodies import BodyTooLargeError, BodyTooSlowError, read_body
from api.middleware.turned_away import TurnedAway
from api.problems import problem
from engine.ingest.decoders.bodies import MAX_BODY
from engine.vocabulary import ProblemCode, RecordRefusal

HANG_UP = {"Connection": "close"}
"""The rest of the body is not waited for."""


def turn_away(request: Request, source: str, reason: str) -> None:
    """Counts one message that goes no further."""
    request.app.state.metrics.received.labels(source, reason).inc()
    turned: TurnedAway = request.app.state.turned_away
    turned.note(source, reason, time.time())


async def read_raw(request: Request, source: str) -> bytes | Response:
    """The body as it came, or what to answer where it is too large or too slow."""
    try:
        return await read_body(request.receive, at_most=MAX_BODY)
    except BodyTooLargeError:
        turn_away(request, source, str(RecordRefusal.TOO_LARGE))
        return problem(413, ProblemCode.TOO_LARGE, "the body is larger than 8 MiB", headers=HANG_UP)
    except BodyTooSlowError:
        return problem(408, ProblemCode.TOO_SLOW, "the body did not come in time", headers=HANG_UP)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is left to read it
