"""A database that is away when a process of a node begins is waited for, and said once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from engine.errors import StorageUnavailable
from engine.storage.database import Database, open_database

log = logging.getLogger(__name__)
LOOK_S = 1.0


def open_when_there(url: str, given_up: Callable[[], bool], look_s: float = LOOK_S) -> Database:
    """The database, as soon as it answers. Raises OperatorError for a URL it cannot use, StorageUnavailable where it
    was `given_up` before."""
    said = False
    while True:
        try:
            db = open_database(url)
        except StorageUnavailable as error:
            if given_up():
                raise
            if not said:
                log.warning("the database is away (%s); it is waited for", error)
            said = True
            time.sleep(look_s)
            continue
        if said:
            log.info("the database is back")
        return db
