"""Every error as an RFC 9457 problem: `application/problem+json` with a stable `code`, and nothing of our insides."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.pages import page
from api.texts.catalogue import words
from api.texts.language import language
from engine.errors import BusinessRefusal, OperatorError, StorageUnavailable
from engine.vocabulary import ProblemCode

log = logging.getLogger("rayon.api")
MEDIA_TYPE = "application/problem+json"
MOST_PLACES = 50
LONGEST_PLACE = 200
RETRY_AFTER_S = 2  # a database that restarts is back within seconds

_CODES = {
    400: ProblemCode.INVALID_REQUEST,
    401: ProblemCode.UNAUTHORIZED,
    403: ProblemCode.FORBIDDEN,
    404: ProblemCode.NOT_FOUND,
    405: ProblemCode.METHOD_NOT_ALLOWED,
}
_WAYS_ON: dict[str, str] = {
    ProblemCode.FORBIDDEN: "/account",
    ProblemCode.STORE_UNKNOWN: "/manage",
    ProblemCode.NO_STORE_OF_YOURS: "/account",
    ProblemCode.DELIVERY_GONE: "/me",
}
"""Where a page leads on whose reader may go no further, each with its words in `problem_links`."""


class Place(BaseModel):
    """One thing that is wrong with the request, and where."""

    place: str = Field(examples=["body.basket.lines.0.quantity"])
    reason: str = Field(examples=["Input should be greater than 0"])


class ProblemDetails(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"type": "about:blank", "title": "Not Found", "status": 404, "code": "not_found"}}
    )
    type: str = "about:blank"
    title: str
    status: int
    code: str = Field(description="Stable: made for programs.")
    detail: str = Field("", description="Made for people; may change.")
    problems: list[Place] | None = None


def problem(
    status: int,
    code: str,
    detail: str = "",
    *,
    problems: list[Place] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """The response for one error."""
    body = ProblemDetails(title=HTTPStatus(status).phrase, status=status, code=code, detail=detail, problems=problems)
    return JSONResponse(body.model_dump(exclude_none=True), status, headers, MEDIA_TYPE)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of the errors that an endpoint can answer with."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        s: {"description": HTTPStatus(s).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for s in sorted({*statuses, 503})
    }


def for_reader(request: Request, answer: JSONResponse, code: str) -> Response:
    """`answer`, or for a browser that asked for a page, a page with its status and headers."""
    if request.url.path.startswith("/v1/") or "text/html" not in request.headers.get("accept", ""):
        return answer
    shown = problem_page(request, answer.status_code, code)
    for name in ("retry-after", "www-authenticate", "allow"):
        if name in answer.headers:
            shown.headers[name] = answer.headers[name]
    return shown


def problem_page(request: Request, status: int, code: str, *, back: tuple[str, str] | None = None) -> Response:
    """What a person reads instead of a problem; `back` is a link of ours (address, words) to go on with."""
    t = words(language(request))
    said = code if code in t.problem_titles else "other"
    if back is None and code in _WAYS_ON:
        back = (f"{_WAYS_ON[code]}?lang={t.lang}", t.problem_links[code])
    return page(request, "problem.html", status, title=t.problem_titles[said], text=t.problem_texts[said], back=back)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, BusinessRefusal)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        headers = {"Retry-After": str(retry_after_s)}
    return for_reader(request, problem(error.status, error.code, error.detail, headers=headers), error.code)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    places = [Place(place=_place(e), reason=e["msg"]) for e in error.errors()[:MOST_PLACES]]
    answer = problem(422, ProblemCode.INVALID_REQUEST, "the request does not fit the contract", problems=places)
    return for_reader(request, answer, ProblemCode.INVALID_REQUEST)


def _place(error: dict[str, Any]) -> str:
    """Where it is wrong, in our words: a name that the caller made up is not said again."""
    parts = [str(part) for part in error["loc"]]
    if error["type"] == "extra_forbidden":
        parts[-1] = "?"
    return ".".join(parts)[:LONGEST_PLACE]


async def _operator(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OperatorError)
    places = [Place(place=p.place, reason=f"{p.reason} ({p.fix})" if p.fix else p.reason) for p in error.problems]
    return problem(422, ProblemCode.INVALID_REQUEST, "the request does not fit the store", problems=places)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, f"http_{error.status_code}")
    headers = dict(error.headers) if error.headers else None
    return for_reader(request, problem(error.status_code, code, str(error.detail), headers=headers), code)


async def _storage(request: Request, error: Exception) -> Response:
    log.warning("database away: %s", type(error).__name__)
    wait = {"Retry-After": str(RETRY_AFTER_S)}
    answer = problem(503, ProblemCode.STORAGE_UNAVAILABLE, "try again in a moment", headers=wait)
    return for_reader(request, answer, ProblemCode.STORAGE_UNAVAILABLE)


class LastResort:
    """ASGI middleware: a bug becomes a 500 that says nothing of our insides; the traceback goes to the log.

    Left to the server, the exception would also cost the caller's connection and the requests waiting on it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception:
            if started:  # half an answer cannot be taken back: the connection ends, so that it is not taken for whole
                raise
            log.exception("%s %s failed", scope["method"], getattr(scope.get("route"), "path", "?"))
            answer = problem(500, ProblemCode.INTERNAL, "our mistake; it has been logged")
            await for_reader(Request(scope), answer, ProblemCode.INTERNAL)(scope, receive, send)


def mount(app: FastAPI) -> None:
    """Makes the application answer all its errors as problems."""
    app.add_exception_handler(BusinessRefusal, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(OperatorError, _operator)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(StorageUnavailable, _storage)
