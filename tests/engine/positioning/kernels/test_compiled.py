"""What the engine asks of its kernels is there, compiled, and takes nothing else than what it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `fast` is not installed")

from engine.positioning.kernels import compiled

ENGINE = Path(compiled.__file__).parents[1]


def test_every_kernel_is_asked_for_and_every_one_that_is_asked_for_is_there() -> None:
    asked: set[str] = set()
    for path in ENGINE.rglob("*.py"):
        asked.update(re.findall(r"\bfast\.(\w+)", path.read_text(encoding="utf-8")))
    assert asked == set(compiled.__all__)


def test_each_is_compiled_for_one_kind_of_arguments() -> None:
    for name in set(compiled.__all__) - {"LANES"}:
        assert len(getattr(compiled, name).nopython_signatures) == 1, name


@pytest.mark.parametrize(
    "rows",
    [np.ones((2, 4)), np.ones((4, 2), np.float32).T, np.ones((2, 8), np.float32)[:, ::2], np.ones(4, np.float32)],
)
def test_other_types_and_layouts_are_refused(rows: np.ndarray) -> None:
    """In doubles, by columns, with gaps, in one dimension: a kernel reads none of them by mistake."""
    out = np.zeros((2, 1), np.float32)
    cells, ends = np.arange(4, dtype=np.int32), np.array([0, 4], np.int32)
    with pytest.raises(TypeError, match="No matching definition"):
        compiled.pool(rows, cells, ends, out)
    compiled.pool(np.ones((2, 4), np.float32), cells, ends, out)
    assert out.tolist() == [[4.0], [4.0]]
