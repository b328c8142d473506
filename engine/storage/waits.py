"""How long a database is waited for. A server that hangs keeps its connections open and answers nothing: without a
bound whoever asks it waits for ever, and with them the thread they run in.

PostgreSQL alone: a bound of its own (`statement_timeout`) needs a server that runs. SQLite answers, or says that it is
locked.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Engine, event

ANSWER_S = 10.0  # for one statement: the longest of ours, a year's report, takes one or two
CONNECT_S = 3  # whole seconds, as libpq counts
PING_S = (
    2.5  # for an old connection to prove that it lives; with one that is tried anew, no question waits longer than 6 s
)
FRESH_S = 0.05  # a connection that answered so lately is not asked whether it lives: it costs as much as a statement
REST_S = 1.0  # after one that was tried in vain nobody else tries: requests would wait one after the other
_longest: ContextVar[float | None] = ContextVar("longest", default=None)


@contextmanager
def wait_at_most(seconds: float | None) -> Iterator[None]:
    """Within it, each statement of this thread has so long; None: as long as it takes (migrations, copies)."""
    token = _longest.set(float("inf") if seconds is None else seconds)
    try:
        yield
    finally:
        _longest.reset(token)


def bound_waits(engine: Engine) -> None:
    """Makes every connection of an engine of PostgreSQL give up, and close, when the server does not answer."""
    import psycopg

    ping = engine.dialect.do_ping

    def ping_quickly(dbapi_connection: Any) -> bool:
        if time.monotonic() - dbapi_connection.answered_at < FRESH_S:
            return True
        with wait_at_most(PING_S):
            return ping(dbapi_connection)

    engine.dialect.do_ping = ping_quickly  # type: ignore[method-assign]

    class Bounded(psycopg.Connection[Any]):
        answered_at = -FRESH_S

        def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
            longest = _longest.get()
            seconds = ANSWER_S if longest is None else longest
            try:
                answer = super().wait(_until(gen, time.monotonic() + seconds), *args, **kwargs)
            except TimeoutError as error:
                self.pgconn.finish()
                raise psycopg.OperationalError(f"no answer within {seconds:g} s") from error
            self.answered_at = time.monotonic()
            return answer

    hung_at = -REST_S

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, args: list[Any], named: dict[str, Any]) -> Any:
        nonlocal hung_at
        if time.monotonic() - hung_at < REST_S:
            raise psycopg.OperationalError("it did not answer a moment ago")
        try:
            return Bounded.connect(*args, **({"connect_timeout": CONNECT_S} | named))
        except psycopg.errors.ConnectionTimeout:
            hung_at = time.monotonic()
            raise


def _until(steps: Generator[Any, Any, Any], deadline: float) -> Generator[Any, Any, Any]:
    """psycopg's steps of one operation, each of which waits for the server a little. Raises TimeoutError."""
    try:
        wanted = next(steps)
        while True:
            heard = yield wanted
            if not heard and time.monotonic() >= deadline:
                raise TimeoutError
            wanted = steps.send(heard)
    except StopIteration as done:
        return done.value
