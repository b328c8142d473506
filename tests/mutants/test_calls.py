"""Functions note their first call and are as they were written after it; what is known of a test holds while nothing
that it may depend on has changed."""

from __future__ import annotations

import importlib
import sys
import weakref
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutants.calls import Noting
from tests.mutants.known import Known
from tests.mutants.rooms import Room

ROOM = Room("little", "noted", ("checks",))
MODULE = '''"""A room of one module."""
import functools
from collections.abc import Iterator

TWICE = {"twice": lambda n: 2 * n}


class Counter:
    def __init__(self) -> None:
        """Begins at none."""
        self._n = 0

    @property
    def next(self) -> int:
        def more() -> int:
            return self._n + 1

        self._n = more()
        return self._n


def below(n: int) -> Iterator[int]:
    yield from range(n)


@functools.cache
def kept(n: int) -> int:
    return factorial(n)


def factorial(n: int) -> int:
    return 1 if n < 2 else n * factorial(n - 1)


ATONCE = factorial(3)
'''


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Noting, ModuleType]:
    (tmp_path / "noted").mkdir()
    (tmp_path / "noted/__init__.py").write_text("")
    (tmp_path / "noted/sums.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    noting = Noting(tmp_path, ROOM.files(tmp_path))
    monkeypatch.setattr(sys, "meta_path", [noting, *sys.meta_path])
    for name in ("noted", "noted.sums"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return noting, importlib.import_module("noted.sums")


def test_a_proxy_of_what_is_gone_is_passed_over(noted: tuple[Noting, ModuleType]) -> None:
    noting, sums = noted
    counter = sums.Counter()
    proxy = weakref.proxy(counter)
    del counter
    with pytest.raises(ReferenceError):
        isinstance(proxy, int)
    noting.ready()
    assert sums.factorial(3) == 6


def test_every_kind_of_function_says_that_it_is_called(noted: tuple[Noting, ModuleType]) -> None:
    noting, sums = noted
    assert noting.names == {("noted/sums.py", "factorial")}, "it is called as the module is imported"
    noting.ready()
    for _ in range(2):
        noting.afresh()
        counter = sums.Counter()
        assert (counter.next, counter.next, [*sums.below(2)], sums.TWICE["twice"](4)) == (1, 2, [0, 1], 8)
        names = {"Counter.__init__", "Counter.next", "below", "<lambda>"}
        assert noting.names == {("noted/sums.py", name) for name in names}
    assert sums.Counter.__init__.__doc__ == "Begins at none."
    noting.afresh()
    assert sums.kept(4) == 24
    assert {name for _, name in noting.names} == {"kept", "factorial"}


def test_after_its_first_call_a_function_is_as_it_was_written(noted: tuple[Noting, ModuleType]) -> None:
    noting, sums = noted
    noting.ready()
    noting.afresh()
    assert "__noted__" in sums.factorial.__code__.co_names
    sums.factorial(3)
    assert "__noted__" not in sums.factorial.__code__.co_names
    assert "__noted__" in sums.below.__code__.co_names
    noting.as_written()
    assert [*sums.below(1)] == [0]
    assert noting.names == {("noted/sums.py", "factorial")}


def test_what_is_known_holds_until_the_test_or_what_is_no_test_changes(tmp_path: Path) -> None:
    files = {"noted/sums.py": MODULE, "checks/made.py": "N = 3\n", "checks/test_a.py": "", "checks/test_b.py": ""}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    a, b, row = "checks/test_a.py::test_one", "checks/test_b.py::test_two", {"failed": False, "cpu_s": 1.5, "names": []}

    def known() -> Known:
        return Known(tmp_path, ROOM)

    first = known()
    first.keep(a, row)
    first.keep(b, {"failed": True})
    first.save()
    again = known().of(a)
    assert again is not None
    assert again.items() >= row.items()
    assert known().of(b) is None
    (tmp_path / "checks/test_b.py").write_text("# another")
    assert known().of(a) is not None
    for name in ("checks/test_a.py", "checks/made.py", "noted/sums.py"):
        (tmp_path / name).write_text(files[name] + "# another\n")
        assert known().of(a) is None, name
        (tmp_path / name).write_text(files[name])
        assert known().of(a) is not None
