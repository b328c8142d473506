"""Compiles what all workers of a run need, once: on a new clone each of them would do it, all at the same time.

`python -m tests.warm`, which `make test` runs first. The hot path's inner loops take numba 11 s of CPU; meanwhile, on
another core, our modules become bytecode, pytest's asserts in 600 test files are rewritten (8 s), and hypothesis reads
which numbers and words our modules hold, for they are worth trying (2 s), and which characters there are (1.5 s). What
is there already is left alone.
"""

from __future__ import annotations

import compileall
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from _pytest.assertion import AssertionState
from _pytest.assertion.rewrite import PYC_TAIL, _read_pyc, _rewrite_test, _write_pyc, get_cache_dir, try_makedirs
from _pytest.config import get_config
from hypothesis.internal.charmap import charmap, intervals_from_codec
from hypothesis.internal.constants_ast import constants_from_module

ROOT = Path(__file__).parents[2]
ROOMS = ("engine", "simulators", "api", "floorplans")
KERNELS = "import engine.positioning.kernels.compiled"


def main() -> int:
    """The exit status: of what numba compiles, since nothing else can fail."""
    kernels = subprocess.Popen([sys.executable, "-c", KERNELS], cwd=ROOT)
    for room in (*ROOMS, "tests"):
        compileall.compile_dir(ROOT / room, quiet=1)
    rewrite(rewritten_files())
    note_constants(ROOMS)
    note_characters()
    return kernels.wait()


def note_constants(rooms: Iterable[str], root: Path = ROOT) -> int:
    """How many modules of these rooms have their numbers and words kept where hypothesis looks for them. It takes them
    from whatever is imported; to read them, nothing has to be."""
    paths = [path for room in rooms for path in sorted((root / room).rglob("*.py"))]
    for path in paths:
        module = ModuleType(path.stem)
        module.__file__ = str(path)
        constants_from_module(module)
    return len(paths)


def note_characters() -> None:
    """Those of each category, and those of UTF-8, which texts are made of: hypothesis keeps both in files."""
    charmap()
    intervals_from_codec("utf-8")


def rewrite(paths: Iterable[Path]) -> int:
    """How many of these files had no rewritten form yet; pytest finds it where it looks for it."""
    config = get_config()
    state, written = AssertionState(config, "rewrite"), 0
    for path in paths:
        folder = get_cache_dir(path)
        cached = folder / (path.name.removesuffix(".py") + PYC_TAIL)
        if _read_pyc(path, cached) is None and try_makedirs(folder):
            source_hash, code = _rewrite_test(path, config)
            written += _write_pyc(state, code, source_hash, cached)
    return written


def rewritten_files() -> Iterator[Path]:
    """Those whose asserts pytest rewrites."""
    for name in ("conftest.py", "test_*.py"):
        yield from (ROOT / "tests").rglob(name)


if __name__ == "__main__":
    sys.exit(main())
