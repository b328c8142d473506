"""Phones in front of a server that fails: patient, repeating under the same key, counting what they cannot mend."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from engine.vocabulary import ProblemCode
from simulators.live.browser import Wires
from simulators.live.clock import LiveClock
from simulators.live.counters import Tally
from simulators.live.coupon_actions import Shop
from simulators.live.phone import Phone, phone_users
from simulators.live.run import run_live
from simulators.world import World
from tests.brokers import free_port
from tests.simulators.live.lasting import LONGEST_S, Enough, happened, phones_until
from tests.simulators.made import scenario, small_plan


class Flaky:
    """Says 503 to the first sign-in and 409 to the next, cuts every stream after one coupon, loses the answer of the
    first acknowledgement."""

    def __init__(self) -> None:
        self.keys: dict[str, list[str]] = {}
        self.last_event_ids: list[str] = []
        self.macs: list[str] = []
        self.redeemed: list[dict[str, object]] = []
        self.sign_in_refusal: tuple[int, str] | None = None
        self.hang_s = 0.0
        self.acks_hang = False
        self.hanging = 0
        self.connections: Collection[object] = ()
        self.share_opens: list[str] = []
        self.muted: list[dict[str, object]] = []
        routes = [
            Route("/w/{store}", self.page),
            Route("/me", self.page),
            Route("/v1/sessions", self.sign_in, methods=["POST"]),
            Route("/v1/me/stream", self.stream),
            Route("/v1/me/deliveries/{id}/ack", self.acknowledge, methods=["POST"]),
            Route("/v1/me/vouchers/{id}/seen", self.page, methods=["POST"]),
            Route("/v1/till/redeem", self.redeem, methods=["POST"]),
            Route("/v1/me/shares", self.share, methods=["POST"]),
            Route("/v1/me/fewer", self.fewer, methods=["POST"]),
            Route("/s/{token}", self.page),
        ]
        self.app = Starlette(routes=routes)

    def _count(self, request: Request, what: str) -> int:
        self.keys.setdefault(what, []).append(request.headers.get("idempotency-key", ""))
        return len(self.keys[what])

    async def page(self, request: Request) -> Response:
        if "client_mac" in request.query_params:
            self.macs.append(request.query_params["client_mac"])
        if request.url.path.startswith("/s/"):
            self.share_opens.append(request.headers["user-agent"])
        return JSONResponse({})

    async def sign_in(self, request: Request) -> Response:
        if self.sign_in_refusal is not None:
            await asyncio.sleep(self.hang_s)
            status, code = self.sign_in_refusal
            return JSONResponse({"code": code}, status, media_type="application/problem+json")
        number = self._count(request, "sign in")
        if number == 1:
            return PlainTextResponse("later", 503, {"Retry-After": "1"})
        if number == 2:  # as where the first one was only slow
            said = {"code": ProblemCode.IDEMPOTENCY_IN_FLIGHT}
            return JSONResponse(said, 409, media_type="application/problem+json")
        return JSONResponse({"shopper_id": "x"})

    async def stream(self, request: Request) -> Response:
        self.last_event_ids.append(request.headers.get("last-event-id", ""))
        voucher = {"delivery_id": 7, "voucher_id": "v7", "code": "ABC", "offer": {}, "caused_by_t": time.time() - 0.5}

        async def cut() -> AsyncIterator[str]:
            yield "retry: 2000\n\n"
            yield ": ping\n\n"
            yield "event: voucher\n\n"  # without data it is none
            yield f"event: voucher\nid: 7\ndata: {json.dumps(voucher)}\n\n"

        return StreamingResponse(cut(), media_type="text/event-stream")

    async def acknowledge(self, request: Request) -> Response:
        if self.acks_hang:
            self.hanging += 1
            while not await request.is_disconnected():
                await asyncio.sleep(0.02)
            self.hanging -= 1
        if self._count(request, "acknowledge") == 1:
            return PlainTextResponse("oops", 503)
        return JSONResponse({"changed": True})

    async def redeem(self, request: Request) -> Response:
        self._count(request, "redeem")
        self.redeemed.append(await request.json())
        return JSONResponse({"code": "voucher_expired"}, 409, media_type="application/problem+json")

    async def fewer(self, request: Request) -> Response:
        self.muted.append(await request.json())
        return JSONResponse({"changed": True})

    async def share(self, request: Request) -> Response:
        return JSONResponse({"token": "tok", "url": "https://shop.example/s/tok"})


@pytest.fixture
def flaky() -> Iterator[tuple[Flaky, str]]:
    made = Flaky()
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(made.app, log_config=None, timeout_graceful_shutdown=1, ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    made.connections = server.server_state.connections
    yield made, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(60)
    listener.close()


class Discard:
    """A broker that takes everything."""

    def publish(self, topic: str, payload: bytes, timeout_s: float | None = None) -> None:
        assert payload


def lone_shopper(seconds: float, **habits: float) -> World:
    everything = {
        "redeem_share": 1.0,
        "redeem_when": "soon",
        "share_share": 1.0,
        "friend_open_share": 1.0,
        "haste": 8.0,
        **habits,
    }
    script = {"name": "vip", "sku": "milk", "mac": "02:00:00:00:00:07", "start_inside": True, "phone": "http"}
    alone = scenario(people={"arrivals_per_hour": 0}, phones=everything, scripted=[script])
    return World(alone, small_plan(), seconds)


def run(url: str, enough: Enough, least_s: float = 0.0, **habits: float) -> Tally:
    """A run until `enough` has happened, and at least so long."""

    def live(w: World, clock: LiveClock, tally: Tally) -> Awaitable[None]:
        return phones_until(enough, w, url, "key", clock, tally, least_s=least_s)

    return asyncio.run(run_live(lone_shopper(LONGEST_S, **habits), Discard(), phones=live))


def test_phones_are_patient_and_say_everything_once(flaky: tuple[Flaky, str]) -> None:
    server, url = flaky

    def enough(tally: Tally) -> bool:
        said = happened(streams_opened=3, acknowledged=1, friend_opens=1)(tally)
        return said and bool(server.redeemed and tally.errors) and len(server.keys["acknowledge"]) > 1

    tally = run(url, enough)
    assert server.macs == ["02:00:00:00:00:07"]
    # the same key for the repetition, so that the server can tell it from a second sign-in
    assert len(server.keys["sign in"]) == 3
    assert len(set(server.keys["sign in"])) == 1
    # streams that were cut are opened again from where they were; the coupon that comes again counts once
    assert len(server.last_event_ids) >= tally.streams_opened >= 3  # one may be opening as the run ends
    assert server.last_event_ids[:2] == ["", "7"]
    assert tally.vouchers_received == tally.acknowledged == tally.seen == 1
    assert len(tally.latencies_s) == 1
    first, second = server.keys["acknowledge"][:2]
    assert first == second != ""
    assert tally.shares == tally.friend_opens == 1
    # a refusal for good is not repeated, but counted by what it was
    assert len(server.redeemed) == 1
    assert server.redeemed[0]["code"] == "ABC"
    assert tally.redeemed == 0
    assert tally.errors == Counter({"redeem 409 voucher_expired": 1})


def test_a_shared_link_is_opened_by_all_kinds_and_muting_is_said(flaky: tuple[Flaky, str]) -> None:
    server, url = flaky
    opened = ("preview_bot_opens", "friend_opens", "self_opens", "neighbour_opens")
    enough = happened(muted=1, streams_opened=2, **dict.fromkeys(opened, 1))
    tally = run(url, enough, preview_bot_share=1.0, self_open_share=1.0, neighbour_open_share=1.0, mute_share=1.0)
    opens = (tally.preview_bot_opens, tally.friend_opens, tally.self_opens, tally.neighbour_opens)
    assert opens == (1, 1, 1, 1)
    assert len(server.share_opens) == 4
    assert [("Mozilla" in agent) for agent in server.share_opens[1:]] == [True] * 3
    assert server.muted == [{"kind": "mute", "store": "small"}]
    assert tally.muted == 1


def test_a_coupon_that_is_not_opened_comes_to_nothing(flaky: tuple[Flaky, str]) -> None:
    server, url = flaky
    tally = run(url, happened(acknowledged=1, streams_opened=3), 4.0, open_share=0.0)
    assert tally.vouchers_received == tally.acknowledged == 1
    assert tally.seen == tally.shares == 0
    assert server.redeemed == server.share_opens == []


def test_who_cannot_sign_in_is_counted_and_goes_without(flaky: tuple[Flaky, str]) -> None:
    server, url = flaky
    server.sign_in_refusal = (409, "device_linked")
    tally = run(url, lambda tally: bool(tally.errors), 2.5)
    assert tally.errors == Counter({"sign in 409 device_linked": 1})
    assert tally.signed_in == tally.streams_opened == 0


def test_a_server_that_hangs_does_not_keep_a_run_from_ending(flaky: tuple[Flaky, str]) -> None:
    server, url = flaky
    server.sign_in_refusal = (503, "busy")
    server.hang_s = 3600.0
    tally = run(url, happened(sign_in_pages=1), 2.0)
    assert tally.sign_in_pages == 1
    assert tally.signed_in == 0


async def seen(condition: Callable[[], bool]) -> bool:
    """Whether it comes true before long."""
    for _ in range(6000):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False


async def ended_while_waiting(server: Flaky, url: str) -> None:
    world, wires, clock = lone_shopper(LONGEST_S), Wires(), LiveClock(LONGEST_S, 1.0)
    shop = Shop(world, url, "key", wires, clock, Tally(shoppers=1))
    phone = asyncio.create_task(Phone(shop, phone_users(world)[0]).live())
    assert await seen(lambda: server.hanging > 0)
    clock.stop.set()
    assert await seen(lambda: not shop.present)
    await asyncio.sleep(0.2)
    assert not phone.done()  # waits for the answer to its acknowledgement
    phone.cancel()
    await asyncio.wait({phone}, timeout=60.0)
    assert phone.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert await seen(lambda: server.hanging == 0)  # before the wires are closed
    await wires.close_all()
    assert await seen(lambda: not server.connections)


def test_a_phone_ended_while_it_waits_for_its_errands_leaves_nothing_behind(flaky: tuple[Flaky, str]) -> None:
    server, url = flaky
    server.acks_hang = True
    asyncio.run(ended_while_waiting(server, url))


def test_nobody_home(free_url: str) -> None:
    tally = run(free_url, lambda tally: bool(tally.errors), 4.0)
    assert tally.errors == Counter({"sign-in page ConnectError": 1})


@pytest.fixture
def free_url() -> str:
    return f"http://127.0.0.1:{free_port()}"
