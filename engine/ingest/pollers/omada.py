"""Omada: the client list of a site. The secret is `user:password` of an account that may look."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx

from engine.ingest.pollers.answers import MOST_PAGES, LoginExpired, SourceAway, fetch, read_json, read_number
from engine.ingest.sources.declared import Source

PAGE = 200
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # it becomes part of a path
_TOKEN = re.compile(r"[!-~]{1,4096}")  # and this a header


async def ask_omada(client: httpx.AsyncClient, source: Source) -> AsyncIterator[bytes]:
    """See `Asker`. Controllers before 6.2, which are asked by GET, page by page."""
    base = str(source.config.url).rstrip("/")
    controller = source.told.options.get("controller") or await _controller(client, base)
    site = source.told.options.get("site", "Default")
    url = f"{base}/{controller}/api/v2/sites/{site}/clients"
    for number in range(1, MOST_PAGES + 1):
        params = {"currentPage": number, "currentPageSize": PAGE, "filters.active": "true"}
        answer = await _log_in(client, source, f"{base}/{controller}/api/v2/login", url, params)
        yield answer.content
        result = _result(read_json(answer, url))
        if number * PAGE >= read_number(result, "totalRows"):
            return


async def _controller(client: httpx.AsyncClient, base: str) -> str:
    url = f"{base}/api/info"
    found = _result(read_json(await fetch(client, "GET", url), url)).get("omadacId")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise SourceAway("the controller does not say its id")
    return found


async def _log_in(
    client: httpx.AsyncClient, source: Source, login: str, url: str, params: dict[str, Any]
) -> httpx.Response:
    try:
        answer = await fetch(client, "GET", url, params=params)
        if _is_good(read_json(answer, url)):
            return answer
    except LoginExpired:
        pass
    user, _, password = (source.told.secret or "").partition(":")
    said = read_json(await fetch(client, "POST", login, json={"username": user, "password": password}), login)
    token = _result(said).get("token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise LoginExpired("the controller does not let us in")
    client.headers["Csrf-Token"] = token
    answer = await fetch(client, "GET", url, params=params)
    if not _is_good(read_json(answer, url)):
        raise LoginExpired("the controller lets us in, and answers with an error all the same")
    return answer


def _is_good(said: Any) -> bool:
    return isinstance(said, dict) and said.get("errorCode") == 0


def _result(said: Any) -> dict[str, Any]:
    result = said.get("result") if isinstance(said, dict) else None
    return result if isinstance(result, dict) else {}
