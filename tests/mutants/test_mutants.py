"""The search for changes that no test notices finds them, and finds no others."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clocks import patience_s
from tests.mutants.changes import change, count

MODULE = '''"""A room of one module."""

LEAST = 3


def enough(n: int, extra: int = 0) -> bool:
    """Whether there are enough."""
    return n + extra >= LEAST


def unseen(n: int) -> int:
    return n - 1


@staticmethod
def said(n: int) -> None:
    if n < 0:
        raise ValueError(f"{n + 1} is too little, by {1 + 1}")
'''
LIMITS = "MOST = 3\n"
TESTS = """
from little.limits import MOST
from little.sums import LEAST, enough, said
import pytest

def test_enough_means_three():
    assert enough(4) and not enough(1) and enough(1, 3)

def test_a_slip_of_the_pen():
    with pytest.raises(ValueError):
        said(-1)

def test_the_most_is_three():
    assert MOST == 3

def test_this_one_is_broken_anyway():
    assert enough(0)
"""
RUN = """
import json, sys, time
from pathlib import Path
from tests.mutants.forks import trials
from tests.mutants.rooms import Room, draw
root, room = Path(sys.argv[1]), Room("little", "little", ("checks",))
chosen = draw(root, (room,), 0, 1)[room]
for row in trials(root, room, chosen, 2, time.time() + 600):
    row |= {"change": [row["change"].line, row["change"].now]} if "change" in row else {}
    print(json.dumps(row))
"""


@pytest.fixture
def little(tmp_path: Path) -> Path:
    for name, text in {"little/sums.py": MODULE, "little/limits.py": LIMITS, "checks/test_sums.py": TESTS}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "little/__init__.py").write_text("")
    return tmp_path


def test_what_survives_is_what_the_tests_leave_open(little: Path) -> None:
    root = Path(__file__).parents[2]
    env = {"PYTHONPATH": f"{little}:{root}", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", RUN, str(little)]
    done = subprocess.run(command, cwd=little, capture_output=True, text=True, env=env, timeout=patience_s(240))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["broken"] for r in rows if "broken" in r] == ["checks/test_sums.py::test_this_one_is_broken_anyway"]
    outcomes = {tuple(r["change"]): (r["outcome"], r["tests"]) for r in rows if "change" in r}
    assert outcomes == {
        (1, "MOST = 4"): ("killed", 3),  # nothing of the module is called: any test of the room could notice
        (3, "LEAST = 4"): ("survived", 2),  # at import: any test of the module could notice
        (6, "1"): ("survived", 2),
        (8, "return n + extra > LEAST"): ("survived", 1),  # nobody asked about just enough
        (8, "return n + extra < LEAST"): ("killed", 1),
        (8, "return n - extra >= LEAST"): ("killed", 1),
        (8, "return None"): ("killed", 1),
        (12, "return n + 1"): ("survived", 0),
        (12, "return n - 2"): ("survived", 0),
        (12, "return None"): ("survived", 0),
        (17, "n <= 0"): ("survived", 1),
        (17, "n >= 0"): ("killed", 1),
        (17, "n < 1"): ("survived", 1),
    }


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("x = a < b", ["x = a <= b", "x = a >= b"]),
        ("x = a == b", ["x = a != b"]),
        ("x = a in b and c", ["x = a in b or c", "x = a not in b and c"]),
        ("x = 2 * y", ["x = 2 / y", "x = 3 * y"]),
        ("x += 0.5", ["x -= 0.5", "x += 1.0"]),
        ("x = -y", ["x = y"]),
        ("f(1, -y)", ["f(2, -y)", "f(1, y)"]),
        ("x = np.minimum(a, True)", ["x = np.maximum(a, True)", "x = np.minimum(a, False)"]),
        ("if ready: x = y", ["if not ready:"]),
        ("if not ready: x = y", ["if ready:"]),
        ("x: int | None = y", []),
        ("Both = str | None", []),
        ("'words'", []),
        ("log.info('%d', 1 + 1)", []),
        ("raise ValueError(1 + 1)", []),
        ("x = f'{a + 1}'", []),
        ("x = zip(a, b, strict=True)", []),
        ("@cache(1)\ndef f(x): pass", []),
        ("__all__ = ['f', 1]", []),
    ],
)
def test_each_kind_of_change(tmp_path: Path, text: str, now: list[str]) -> None:
    (tmp_path / "text.py").write_text(text)
    every = [change(tmp_path, "text.py", k) for k in range(count(tmp_path, "text.py"))]
    assert sorted(c.now for c in every) == sorted(now)
    assert all(c.was != c.now for c in every)
