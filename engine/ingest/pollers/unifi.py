"""UniFi: the client list of a site, by the official API's key or as a user of the console.

With `options: {api: integration, site: ID}` the secret is an API key, and pages are followed. Else the secret is
`user:password`, and `stat/sta` is asked, behind `/proxy/network` on a console (`options: {console: "no"}` for a
network application of its own).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

from engine.ingest.pollers.answers import MOST_PAGES, LoginExpired, fetch, read_json, read_number
from engine.ingest.sources.declared import Source

PAGE = 100


async def ask_unifi(client: httpx.AsyncClient, source: Source) -> AsyncIterator[bytes]:
    """See `Asker`."""
    if source.told.options.get("api") == "integration":
        async for body in _integration(client, source):
            yield body
    else:
        yield await _stations(client, source)


async def _integration(client: httpx.AsyncClient, source: Source) -> AsyncIterator[bytes]:
    site = source.told.options.get("site", "default")
    url = f"{_base(source)}/proxy/network/integration/v1/sites/{site}/clients"
    headers = {"X-API-KEY": source.told.secret or ""}
    offset = 0
    for _ in range(MOST_PAGES):
        answer = await fetch(client, "GET", url, headers=headers, params={"offset": offset, "limit": PAGE})
        yield answer.content
        said = read_json(answer, url)
        count = int(read_number(said, "count"))
        offset += count
        if not count or offset >= read_number(said, "totalCount"):
            return


async def _stations(client: httpx.AsyncClient, source: Source) -> bytes:
    console = source.told.options.get("console", "yes") != "no"
    site = source.told.options.get("site", "default")
    url = f"{_base(source)}{'/proxy/network' if console else ''}/api/s/{site}/stat/sta"
    try:
        return (await fetch(client, "GET", url)).content
    except LoginExpired:
        user, _, password = (source.told.secret or "").partition(":")
        login = f"{_base(source)}{'/api/auth/login' if console else '/api/login'}"
        await fetch(client, "POST", login, json={"username": user, "password": password})
        return (await fetch(client, "GET", url)).content


def _base(source: Source) -> str:
    return str(source.config.url).rstrip("/")
