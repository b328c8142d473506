"""A gateway's address with user and password in it was taken, and logged with both whenever the gateway was away.

Input: such addresses where the configuration asks for one that is called, shown or logged. Right: refused with the key
and the way out; a name with an @ behind its host is one like any other; no log names more than the host.
"""

from __future__ import annotations

import asyncio
import logging
import time

import httpx
import pytest
from pydantic import ValidationError

from engine.config import Config
from engine.delivery.senders import Call, Poster

SECTIONS = [("delivery", "webhook_url"), ("delivery", "app_url"), ("delivery", "orders_url"), ("api", "public_url")]


@pytest.mark.parametrize(("section", "key"), SECTIONS)
@pytest.mark.parametrize("user", ["shop:s3cr3t@", "s3cr3t@", ":s3cr3t@"])
def test_it_is_refused(section: str, key: str, user: str) -> None:
    with pytest.raises(ValidationError, match="keys come from the environment"):
        Config.model_validate({section: {key: f"https://{user}gateway.example/sms"}})
    plain = "https://gateway.example:8443/@shop?to=a@b"
    assert getattr(getattr(Config.model_validate({section: {key: plain}}), section), key) == plain


def test_no_log_holds_one(caplog: pytest.LogCaptureFixture) -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    async def send() -> int:
        poster = Poster(httpx.AsyncClient(transport=httpx.MockTransport(away)))
        call = Call("https://shop:s3cr3t@gateway.example/sms", time.time(), lambda now: (b"", {}))
        sent = await poster.post(call)
        await poster.aclose()
        return sent.status

    with caplog.at_level(logging.DEBUG):
        assert asyncio.run(send()) == 0
    assert "gateway.example: away" in caplog.text
    assert "s3cr3t" not in caplog.text
