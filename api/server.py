"""The web server: uvicorn in a thread or in the foreground, stopped cleanly with its open streams."""

from __future__ import annotations

import asyncio
import logging
import secrets as secrets_of_chance
import socket
import threading
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI

from api.accounts.invitations import INVITATION, link_digest
from api.accounts.oidc import check_oidc
from api.app import create_app
from api.keyring import digest_fingerprint, key_fingerprint
from api.manager_login import make_link
from api.middleware.connections import Doorkeeper, make_protocol
from api.portal.declared import check_portals
from engine.config import ApiConfig, Config
from engine.delivery.crm.opening import check_crm
from engine.delivery.opening import check_channels
from engine.errors import OperatorError, Problem, RayonError, collect_problems
from engine.plan.model import Plan
from engine.privacy.proofs import given_secrets
from engine.privacy.secrets import Secrets
from engine.storage.accounts import invitations
from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.people import ConsoleAccount, make_account
from engine.vocabulary import Role

if TYPE_CHECKING:
    from engine.storage.database import Database
    from engine.storage.keys import AccessKey

log = logging.getLogger("rayon.api")
GRACE_S = 3  # how long running requests may take once the server is told to stop
WS_BYTES = 1_048_576  # of one frame of a WebSocket
KEEP_ALIVE_S = (
    95  # without a next request: longer than what senders keep, the longest of which is Go's client with 90 s
)
START_TIMEOUT_S = 300.0  # a start that fails says so at once; one on a busy machine takes its time


def _not_given_up(record: logging.LogRecord) -> bool:
    """Whether a record of uvicorn's is more than that a request was cut off at the end of the grace: its own line says
    so, and the callers' frames that it would print say nothing."""
    return record.exc_info is None or record.exc_info[0] is not asyncio.CancelledError


class _Server(uvicorn.Server):
    """Ends open streams before waiting for connections, and says when it listens. uvicorn alone would wait for ever."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._app = app
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.hub.close()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # whose requests took longer than the grace
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)  # the loop closes them now, and ends after this


def manager_link(secrets: Secrets, key: str, url: str) -> str:
    """An address that signs a browser in once, within ten minutes, as whoever holds the manager's key `key`."""
    return url + make_link(secrets, key_fingerprint(key))


def manager_link_of(secrets: Secrets, kept: AccessKey, url: str) -> str:
    """The same for a key of the database, of which only the hash is known."""
    return url + make_link(secrets, digest_fingerprint(kept.digest))


def invitation_link(db: Database, name: str, email: str, role: Role, store: str, url: str, now: float) -> str:
    """An address by which somebody new chooses a password, once and within a week, made on the machine itself. Raises
    NameTaken, and ValueError for what is no name."""
    return _link(db, url, now, lambda session: make_account(session, COMMAND, name, email, [(role, store)], now))


def account_link(db: Database, account: ConsoleAccount, url: str, now: float) -> str:
    """The same for somebody who has an account; links made before end."""
    return _link(db, url, now, lambda _session: account)


def _link(db: Database, url: str, now: float, whose: Callable[[Any], ConsoleAccount]) -> str:
    token = secrets_of_chance.token_urlsafe(24)
    with db.write() as session:
        invitations.make_link(session, COMMAND, whose(session).account_id, link_digest(token), now)
    return f"{url}{INVITATION}/{token}"


def check_pages(config: Config, stores: Collection[str], environ: Mapping[str, str], file: str) -> None:
    """Raises OperatorError with all that would keep the HTTP side from starting: of portals, channels, secrets."""
    with collect_problems() as collect:
        collect.read(partial(check_portals, config, stores, environ, file))
        collect.read(partial(given_secrets, stores, environ))
        collect.read(partial(check_channels, config, environ, file))
        collect.read(partial(check_crm, config, stores, environ, file))
        collect.read(partial(check_oidc, config, environ, file))


class ApiServer:
    """A running HTTP side. `port` is the real one, also where port 0 asked for any."""

    def __init__(
        self, app: FastAPI, host: str, listener: socket.socket, on_started: Callable[[ApiServer], None] | None = None
    ) -> None:
        self.app = app
        self.host = host
        self._socket = listener
        self.port: int = listener.getsockname()[1]
        self._told = on_started
        self._up = threading.Event()
        limits: ApiConfig = app.state.ctx.config.api
        # No access log: it would hold MACs of captive portals' queries and who looked at what. Metrics count requests.
        settings = uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
            server_header=False,
            ws="auto",
            ws_max_size=WS_BYTES,
            http=make_protocol(
                Doorkeeper(limits.max_connections, limits.connections_per_address, limits.trusted_proxies)
            ),
            timeout_keep_alive=KEEP_ALIVE_S,
            backlog=512,
            forwarded_allow_ips=list(limits.trusted_proxies),
        )
        logging.getLogger("uvicorn.error").addFilter(_not_given_up)  # the same function: once, however often
        self._server = _Server(settings, app, self._has_started)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, as a browser on this machine reaches it."""
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://[{shown}]:{self.port}" if ":" in shown else f"http://{shown}:{self.port}"

    @property
    def running(self) -> bool:
        """Whether its thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> ApiServer:
        """Serves in a thread of its own; returns once it listens. Raises RayonError when it does not come up."""
        self._thread = threading.Thread(target=self.run, name="rayon-api", daemon=True)
        self._thread.start()
        if not self._up.wait(START_TIMEOUT_S) or not self._server.started:
            raise RayonError("the HTTP side did not start; its log says why")
        return self

    def run(self) -> None:
        """Serves in this thread until stopped. In the main thread, SIGINT and SIGTERM stop it."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._up.set()  # whoever waits for a start that failed goes on to say so
            self._socket.close()

    def stop(self) -> None:
        """Ends streams, lets running requests finish, returns when all is down. Safe to call twice, from any thread."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(GRACE_S + 10)

    def _has_started(self) -> None:
        self._up.set()
        if self._told is not None:
            self._told(self)


def run_api(
    config: Config,
    db: Database,
    secrets: Secrets,
    plans: Mapping[str, Plan],
    *,
    host: str | None = None,
    port: int | None = None,
    on_started: Callable[[ApiServer], None] | None = None,
    start_delivery: bool = True,
    start_pages: bool = False,
    own_engine: Callable[[], list[str]] = list,
) -> ApiServer:
    """The HTTP side, listening but not yet serving: call `start()` (a thread of its own) or `run()` (this thread).

    `start_pages` starts the managers' pages with the server rather than at the first visit: wanted where an engine runs
    in another thread of this process. `own_engine` says, for `/health/ready`, what keeps that engine from its work.
    Links and QR codes follow the real port where the configuration gives no `public_url`. Raises OperatorError when the
    port is taken.
    """
    host = config.api.host if host is None else host
    listener = _listen(host, config.api.port if port is None else port)
    listening = config.api.model_copy(update={"host": host, "port": listener.getsockname()[1]})
    app = create_app(config.model_copy(update={"api": listening}), db, secrets, plans, start_delivery=start_delivery)
    app.state.start_pages = start_pages
    app.state.own_engine = own_engine
    return ApiServer(app, host, listener, on_started)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        reason = f"cannot listen on {host}:{port}: {error.strerror or error}"
        raise OperatorError([Problem("config.yaml", "api.port", reason, "choose a free one")]) from error
    return listener
