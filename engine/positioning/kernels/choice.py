"""Whether the hot path's inner loops are numba's or numpy's: decided once, when a locator is first made.

Numba is used where it is installed (the extra "fast") and can keep on disk what it compiled: where NUMBA_CACHE_DIR
says, else beside this file, else in the user's cache folder. The first start compiles for some twenty seconds, and the
log says so, or who asks first. Where nothing can be kept every start would, so numpy computes then, and the log says
so once. RAYON_KERNELS=numpy asks for numpy.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType

log = logging.getLogger(__name__)

VARIABLE = "RAYON_KERNELS"
COMPILED = "engine.positioning.kernels.compiled"

_chosen: list[ModuleType | None] = []


def kernels(say: Callable[[str], object] = log.info) -> ModuleType | None:
    """`engine.positioning.kernels.compiled`, or None: numpy computes. `say` hears it before numba compiles, which only
    the first who asks may have to wait for."""
    if not _chosen:
        _chosen.append(_choose(os.environ.get(VARIABLE, ""), say))
    return _chosen[0]


def kernels_in_words() -> str:
    """For those who compare speeds, or last digits: numba with its version, or numpy."""
    return "numpy" if kernels() is None else f"numba {importlib.import_module('numba').__version__}"


@contextmanager
def numpy_alone() -> Iterator[None]:
    """Within it numpy computes, whatever is installed."""
    before = _chosen.copy()
    _chosen[:] = [None]
    try:
        yield
    finally:
        _chosen[:] = before


def _choose(asked: str, say: Callable[[str], object] = log.info) -> ModuleType | None:
    if asked == "numpy" or find_spec("numba") is None:
        return None
    try:
        with _say_before_compiling(say):
            return importlib.import_module(COMPILED)
    except (ImportError, OSError, RuntimeError) as error:  # of numba: of another numpy, or with nowhere to keep files
        log.warning("numpy computes positions, at half of the speed, as numba cannot be used: %s", error)
        return None


@contextmanager
def _say_before_compiling(say: Callable[[str], object] = log.info) -> Iterator[None]:
    """Within it `say` hears that numba compiles, when it begins to; what it finds on disk it does not compile."""
    event = importlib.import_module("numba.core.event")

    class Saying(event.Listener):  # type: ignore[misc, name-defined]
        said = False

        def on_start(self, _event: object) -> None:
            if not self.said:
                say("numba compiles the hot path: some twenty seconds, at this start only")
            self.said = True

        def on_end(self, _event: object) -> None: ...

    with event.install_listener("numba:compile", Saying()):
        yield
