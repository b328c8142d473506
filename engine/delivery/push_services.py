"""Which addresses a browser may ask us to push to: those of push services, and nothing of our own network.

An endpoint comes from the browser, so it is a request to call any address we can reach. It has to be https at a known
push service; and where its name leads to is looked at once more at each connection, so that a name cannot be turned to
a private address afterwards.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable
from urllib.parse import urlsplit

import anyio
import httpcore
import httpx

KNOWN = ("fcm.googleapis.com", "updates.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com")
MAX_CHARS = 2_000
ANSWER_BYTES = 1 << 20
_LABEL = r"(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
"""A part of a host's name (RFC 1123). No push service has one in another alphabet, and libraries fail at wrong ones."""
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")


class NotAPushService(ValueError):
    """An endpoint that we push nothing to."""


def endpoint_host(endpoint: str, own: Collection[str] = ()) -> str:
    """The host of an endpoint. `own` are hosts of the configuration, as `host` or `host:port`.

    Raises NotAPushService.
    """
    try:
        url = urlsplit(endpoint)
        port = url.port
    except ValueError as error:
        raise NotAPushService("not an address") from error
    host = (url.hostname or "").lower()
    if len(endpoint) > MAX_CHARS or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        raise NotAPushService("not an address")
    if url.scheme != "https" or url.username is not None or url.password is not None or url.fragment:
        raise NotAPushService("not an https address without user and fragment")
    if is_own(host, port, own):
        return host
    if port not in (None, 443) or not _NAME.fullmatch(host) or not any(_is(host, p) for p in KNOWN):
        raise NotAPushService("not at a push service that we know")
    return host


def is_own(host: str, port: int | None, own: Collection[str]) -> bool:
    """Whether a host is one of the configuration's."""
    return f"{host}:{port or 443}" in own or (port in (None, 443) and host in own)


def _is(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


_GLOBAL = ipaddress.ip_network("2000::/3")  # all that is given out of IPv6 (RFC 4291)
_TUNNELS = (ipaddress.ip_network("2002::/16"), ipaddress.ip_network("2001::/32"))  # 6to4, Teredo: to an IPv4 within
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether this is one machine of the public internet, also where an IPv4 address is written inside an IPv6."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if inner is None:
            return ip in _GLOBAL and ip.is_global and not any(ip in tunnel for tunnel in _TUNNELS)
        ip = inner
    return ip.is_global and not ip.is_multicast


LookUp = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) -> the addresses that a name leads to. Raises OSError."""


async def look_up(host: str, port: int) -> list[str]:
    """What the system's resolver says."""
    return [str(entry[4][0]) for entry in await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to names that lead to public addresses, and to the configuration's own hosts wherever they lead."""

    def __init__(self, own: Collection[str], look_up: LookUp) -> None:
        self._own, self._look_up = own, look_up
        self._real = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Looks the name up, judges every address, and connects to the one that was judged."""
        address = host
        if not is_own(host, port, self._own):
            address = await self._public_address(host, port)
        return await self._real.connect_tcp(address, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """As the real one."""
        await self._real.sleep(seconds)

    async def _public_address(self, host: str, port: int) -> str:
        try:
            addresses = await self._look_up(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"{host}: {error}") from error
        if not addresses or not all(is_public(a.partition("%")[0]) for a in addresses):
            raise httpcore.ConnectError(f"{host} leads to an address that is not public")
        return addresses[0]


class PublicTransport(httpx.AsyncBaseTransport):
    """What httpx sends by: one pool of connections that `PublicOnly` makes. Follows no redirect."""

    def __init__(self, own: Collection[str], tls: ssl.SSLContext, at_once: int, look_up: LookUp = look_up) -> None:
        backend = PublicOnly(frozenset(own), look_up)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls, max_connections=at_once, network_backend=backend, keepalive_expiry=30.0
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request; of the answer's body ANSWER_BYTES are read, more says nothing. Raises httpx.TransportError."""
        body = b""
        try:
            async with self._pool.stream(
                request.method,
                str(request.url),
                headers=request.headers.raw,
                content=await request.aread(),
                extensions=request.extensions,
            ) as answer:
                async for part in answer.aiter_stream():
                    body += part
                    if len(body) > ANSWER_BYTES:
                        raise httpx.TransportError(f"an answer of more than {ANSWER_BYTES} bytes")
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise httpx.TransportError(str(error) or type(error).__name__) from error
        return httpx.Response(answer.status, headers=answer.headers, content=body, request=request)

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._pool.aclose()
