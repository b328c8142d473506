"""A clerk's account was closed, and the tablet went on showing who came in for another ten minutes.

In: a desk's stream that is open when its clerk is closed, loses the role, or signs out. Right: it ends with the next
look, and nothing that happens afterwards is told on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.people import disable_account, erase_account, take_role
from engine.vocabulary import Role
from tests.api.site import PASSWORD, Site

End = Callable[[Site, httpx.Client, str], object]


@pytest.mark.parametrize(
    "end",
    [
        lambda site, client, who: disable_account(site.db, COMMAND, who, 1.0),
        lambda site, client, who: erase_account(site.db, COMMAND, who, 1.0),
        lambda site, client, who: take_role(site.db, COMMAND, who, Role.CLERK, "corner", 1.0),
    ],
    ids=["closed", "erased", "no clerk any more"],
)
def test_the_stream_ends_with_the_right(site: Site, end: End) -> None:
    who = site.account("Ada", (Role.CLERK, "corner"))
    with site.client(Accept="text/html") as client:
        client.post("/account/sign-in", data={"name": "Ada", "password": PASSWORD})
        with client.stream("GET", "/v1/staff/corner/stream", headers={"Accept": "text/event-stream"}) as stream:
            lines = stream.iter_lines()
            first = next(line for line in lines if line.startswith("data:"))
            assert json.loads(first.removeprefix("data:"))["store"] == "corner"
            end(site, client, who.account_id)
            assert [line for line in lines if line.startswith("data:")] == []
