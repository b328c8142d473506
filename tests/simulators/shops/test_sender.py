"""Messages of the simulated shops arrive: again where the site was away, not where it says that they are wrong."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from engine.errors import OperatorError
from simulators.shops.posting import ShopPosting
from simulators.shops.sender import FIRST_WAIT_S, RETRIES, ShopSender
from tests.simulators.shops.told import SECRET

POSTING = ShopPosting("till", "shop", 5.0, "d1", b"{}")


def sender(answers: Iterator[int | None], waits: list[float]) -> ShopSender:
    """Of a site that gives these answers, one after another; None: it is not there."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/in/till"
        code = next(answers)
        if code is None:
            raise httpx.ConnectError("nobody listens", request=request)
        return httpx.Response(code, text="said")

    client = httpx.Client(base_url="http://site.example", transport=httpx.MockTransport(answer))
    return ShopSender(client, {"till": SECRET}, clock=lambda: 1_796_000_000.0, wait=waits.append)


def test_it_is_sent_again_until_it_is_taken() -> None:
    waits: list[float] = []
    found = sender(iter((None, 503, 200, 202)), waits).send_all([POSTING, POSTING])
    assert found == {"200": 1, "202": 1, "again": 2}
    assert waits == [FIRST_WAIT_S, 2 * FIRST_WAIT_S]


@pytest.mark.parametrize(("code", "tries"), [(401, 1), (400, 1), (503, RETRIES + 1), (None, RETRIES + 1)])
def test_what_is_not_taken_is_an_operators_mistake(code: int | None, tries: int) -> None:
    waits: list[float] = []
    with pytest.raises(OperatorError, match="/in/till"):
        sender(iter([code] * 20), waits).send_all([POSTING])
    assert len(waits) == tries - 1
