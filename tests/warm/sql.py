"""SQL that one test has compiled is not compiled anew by the next.

SQLAlchemy keeps the text of each statement by database: a site that runs for a day compiles each once, and two thousand
tests with a database of their own each compile all of them again, a fifth of what they take. Databases of one kind
share what was compiled here, in one process, and nothing else.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.util import LRUCache

_SHARED: dict[str, tuple[Dialect, LRUCache[Any, Any]]] = {}


def share_compiled() -> None:
    """From now on, for every database that this process opens."""
    event.listen(Engine, "engine_connect", _share)


def _share(connection: Connection) -> None:
    engine = connection.engine
    dialect, compiled = _SHARED.setdefault(engine.dialect.driver, (engine.dialect, LRUCache(5_000)))
    if engine.get_execution_options().get("compiled_cache") is not compiled:
        engine.update_execution_options(compiled_cache=compiled)
        engine.dialect = connection.dialect = dialect  # what is compiled is kept under the dialect that compiled it
