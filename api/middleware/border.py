"""The border: what no part of the site takes is refused here, once, before anything is parsed, kept or logged.

A zero byte in a text is an error of PostgreSQL and a lone surrogate one of every driver; other control characters only
ever come from mistakes and attacks; an integer past 64 bits overflows a column. They come in JSON, forms, queries,
paths, headers and cookies, as themselves or escaped, so the check looks at all of these after decoding. Line breaks and
tabs are texts' own.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.middleware.bodies import BodyTooLargeError, BodyTooSlowError, read_body, replay_body
from api.middleware.origin import SAFE_METHODS
from api.problems import Place, for_reader, problem
from engine.vocabulary import ProblemCode

VENDORS = "/in/"
"""Bodies of other makes are whatever they are, and their decoders take any bytes. The receiver reads them itself, as
bounded as all others, once it knows that the sender may speak at all."""
LARGEST_INT = 2**63 - 1  # what a column of either database holds
_UNWELCOME = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_UNWELCOME_BYTES = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # of a header: a tab is the only one it may hold
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_CONTROL = "control characters are not taken"


class Unwelcome(Exception):
    """What the border does not let in: where it stands and why."""

    def __init__(self, place: str, reason: str, status: int = 422) -> None:
        super().__init__(reason)
        self.place, self.reason, self.status = place, reason, status


class Border:
    """ASGI middleware in front of every route: bodies bounded in size and time, and nothing in them that breaks us."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            _check_head(scope)
            writes = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
            if writes and not scope["path"].startswith(VENDORS):
                body = await read_body(receive)
                _check_body(Headers(scope=scope).get("content-type", ""), body)
                receive = replay_body(body, receive)
        except ClientDisconnect:
            return  # nobody is left to answer
        except BodyTooLargeError:
            await _refuse(scope, receive, send, 413, ProblemCode.TOO_LARGE, "the body is larger than 1 MiB")
        except BodyTooSlowError:
            await _refuse(scope, receive, send, 408, ProblemCode.TOO_SLOW, "the body did not come in time")
        except Unwelcome as found:
            code = ProblemCode.NOT_FOUND if found.status == 404 else ProblemCode.INVALID_REQUEST
            places = [Place(place=found.place, reason=found.reason)]
            await _refuse(scope, receive, send, found.status, code, "the request does not fit the contract", places)
        else:
            await self._app(scope, receive, send)


async def _refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    code: ProblemCode,
    detail: str,
    places: list[Place] | None = None,
) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = {"Connection": "close"} if status in (408, 413) else None  # the rest of that body is not waited for
    answer = problem(status, code, detail, problems=places, headers=headers)
    await for_reader(Request(scope), answer, code)(scope, receive, send)


def _check_head(scope: Scope) -> None:
    """Path, query and headers. Raises Unwelcome: 404 for the path, which then leads nowhere, else 422."""
    if _UNWELCOME.search(scope["path"]):
        raise Unwelcome("path", _CONTROL, 404)
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        _check_text(f"query.{name}", name + value)
    for raw_name, raw_value in scope["headers"]:
        if _UNWELCOME_BYTES.search(raw_value):
            raise Unwelcome(f"header.{raw_name.decode('latin-1')}", _CONTROL)


def _check_body(content_type: str, body: bytes) -> None:
    """Raises Unwelcome (422). What does not parse is left to the route, which says so in its own words."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _FORM:
        for name, value in parse_qsl(body.decode("latin-1"), keep_blank_values=True):
            _check_text(f"body.{name}", name + value)
    elif kind == _MULTIPART:
        _check_text("body", unquote(body.decode("utf-8", "replace")))
    elif body and (kind == "application/json" or kind.endswith("+json") or not kind):
        _check_json(body)


def _check_json(body: bytes) -> None:
    try:
        tree = json.loads(body, parse_int=_integer, parse_float=_number, parse_constant=_constant)
    except RecursionError as error:
        raise Unwelcome("body", "nested too deeply") from error
    except ValueError:
        return
    for place, text in _texts(tree):
        _check_text(place, text)


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(number := int(digits)) > LARGEST_INT:
        raise Unwelcome("body", "an integer does not fit into 64 bits")
    return number


def _number(text: str) -> float:
    if math.isinf(number := float(text)):
        raise Unwelcome("body", "a number is too large")
    return number


def _constant(name: str) -> float:
    raise Unwelcome("body", f"{name} is no JSON number")


def _texts(tree: Any) -> Iterator[tuple[str, str]]:
    """(place, text) of every text in the tree, keys included."""
    left: list[tuple[str, Any]] = [("body", tree)]
    while left:
        place, node = left.pop()
        if isinstance(node, str):
            yield place, node
        elif isinstance(node, list):
            left += [(f"{place}.{i}", child) for i, child in enumerate(node)]
        elif isinstance(node, dict):
            for name, child in node.items():
                yield place, name
                left.append((f"{place}.{name}", child))


def _check_text(place: str, text: str) -> None:
    if _UNWELCOME.search(text):
        raise Unwelcome(_UNWELCOME.sub("?", place), _CONTROL)
