"""Managers' pages beside an engine in one process: they start before it, and a visit disturbs no other thread.

NiceGUI's start walks all objects of the garbage collector, and CPython cannot finish a tuple that is being built from a
generator in another thread meanwhile. The program below runs in a process of its own: NiceGUI keeps state in globals.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.forked import rayon

ROOT = Path(__file__).parents[3]
PROGRAM = """
import gc, sys, urllib.request
from pathlib import Path
from api.server import manager_link, run_api
from engine.config import Config
from engine.storage.database import open_database
from tests.api.managers.site import SECRETS

walks = 0
walk = gc.get_objects
def counted(*arguments, **named):
    global walks
    walks += 1
    return walk(*arguments, **named)
gc.get_objects = counted

db = open_database(f"sqlite:///{Path(sys.argv[1]) / 'a.db'}")
server = run_api(Config(), db, SECRETS, {}, port=0, start_pages=sys.argv[2] == "early").start()
before_visit = walks
visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
page = visitor.open(manager_link(SECRETS, SECRETS.manager_key, server.url), timeout=240).read()
assert b"Rayon" in page
server.stop()
db.close()
print(before_visit, walks - before_visit)
"""


@pytest.mark.parametrize(("when", "expected"), [("early", "1 0"), ("late", "0 1")])
def test_the_walk_over_all_objects_is_over_before_the_engine_starts(tmp_path: Path, when: str, expected: str) -> None:
    done = rayon(ROOT, tmp_path, when, program=PROGRAM)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == expected
