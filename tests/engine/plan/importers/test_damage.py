"""Whatever happens to a drawing on its way, it becomes a plan that passes, or it is refused: nothing else, ever."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import OperatorError, Problem
from engine.plan.findings import Findings
from engine.plan.importers.run import IMPORTERS
from engine.plan.load import check_raw
from tests.engine.plan.importers.drawings import imported, zipped
from tests.engine.plan.importers.formats.test_ekahau import esx
from tests.engine.plan.importers.formats.test_geojson import shop
from tests.engine.plan.importers.formats.test_imdf import archive
from tests.engine.plan.importers.formats.test_osm_indoor import BUILDING, collection
from tests.examples import examples


def members(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


DRAWINGS: dict[str, tuple[str, dict[str, bytes]]] = {
    "imdf": ("imdf", members(archive())),
    "ekahau": ("ekahau", members(esx())),
    "qgis": ("geojson", shop()),
    "osm": ("geojson", {"osm.geojson": collection(*BUILDING)}),
}
JUNK: list[Any] = [
    None, True, 0, -1, 1e300, -1e9, 0.5, "", "x", "0;1", "\ud800", [], [[]], [[[]]], {}, {"type": "Polygon"}, [None],
    [1, 2], float("inf"), float("nan"), "a" * 300, [[0, 0], [1, 1]], {"x": {}}, 10**30,
]  # fmt: skip


def settle(files: dict[str, bytes] | bytes, format_: str | None) -> None:
    """Imports it; what comes out has to pass our own check, and a refusal has to say something."""
    refused: tuple[Problem, ...] = ()
    try:
        made = imported(files, "drawing", format_)
    except OperatorError as refusal:
        refused = refusal.problems
    if refused:
        assert all(problem.place and problem.reason for problem in refused)
        return
    findings = Findings("plan.geojson")
    check_raw(json.loads(json.dumps(made.plan)), findings)
    assert findings.errors == []


def spots(raw: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a JSON value."""
    inner = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    return [path, *(found for key, value in inner for found in spots(value, (*path, key)))]


def put(raw: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    node = raw
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return raw


@pytest.mark.parametrize("name", DRAWINGS)
@examples(60)
@given(data=st.data())
def test_values_of_another_kind(name: str, data: st.DataObject) -> None:
    format_, files = DRAWINGS[name]
    changed = dict(files)
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        member = data.draw(st.sampled_from(sorted(changed)), label="member")
        raw = json.loads(changed[member])
        path = data.draw(st.sampled_from(spots(raw)), label="path")
        value = data.draw(st.sampled_from(JUNK), label="value")
        changed[member] = json.dumps(put(raw, path, value)).encode("utf-8", "surrogatepass")
    settle(changed, format_)


@pytest.mark.parametrize("name", DRAWINGS)
@examples(15)
@given(data=st.data())
def test_bytes_that_are_lost_or_others(name: str, data: st.DataObject) -> None:
    format_, files = DRAWINGS[name]
    member = data.draw(st.sampled_from(sorted(files)))
    settle(files | {member: spoil(files[member], data)}, format_)


def spoil(content: bytes, data: st.DataObject) -> bytes:
    """Some bytes cut out, and others put in their place."""
    start = data.draw(st.integers(0, len(content)))
    return content[:start] + data.draw(st.binary(max_size=8)) + content[start + data.draw(st.integers(0, 40)) :]


@examples(60)
@given(data=st.data())
def test_archives_that_are_damaged(data: st.DataObject) -> None:
    packed = zipped(DRAWINGS["ekahau"][1])
    settle(spoil(packed, data), data.draw(st.sampled_from([None, *IMPORTERS])))


@examples(60)
@given(content=st.binary(max_size=200), format_=st.sampled_from([None, *IMPORTERS]))
def test_bytes_of_nothing(content: bytes, format_: str | None) -> None:
    settle(content, format_)


@examples(60)
@given(data=st.data())
def test_dxf_that_is_damaged(data: st.DataObject) -> None:
    pytest.importorskip("ezdxf")
    from tests.engine.plan.importers.formats.test_dxf import drawing, written

    lines = DXF.setdefault("shop", written(drawing())).split(b"\n")
    for _ in range(data.draw(st.integers(1, 6), label="changes")):
        at = data.draw(st.integers(0, len(lines) - 1), label="line")
        lines[at] = data.draw(st.sampled_from(LINES), label="junk")
    settle(b"\n".join(lines), "dxf")


LINES = [b"", b"0", b"-1", b"1e308", b"nan", b"x", b"SECTION", b"LWPOLYLINE", b"70", b"9" * 20, b"\xff"]
DXF: dict[str, bytes] = {}
