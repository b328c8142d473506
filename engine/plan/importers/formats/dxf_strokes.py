"""What is drawn in a DXF file and can be seen: strokes, texts and blocks on their layers, in drawing units.

Blocks are taken apart in world coordinates (a mirrored block's polylines lie in a frame of their own), entities of
layer `0` in a block belong to the layer of its insert, and frozen layers, paper space and hatches are not there.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.plan.importers.notes import Notes
from engine.plan.importers.words import clean
from engine.records import F64

CURVES = ("LINE", "LWPOLYLINE", "POLYLINE", "ARC", "CIRCLE", "ELLIPSE", "SPLINE")
MOST_STROKES = 200_000  # a storey of a large mall has tens of thousands; blocks in blocks can make billions
MOST_DEPTH = 8
MOST_CORNERS, MOST_KNOTS = 20_000, 1_000  # of one polyline, of one spline, which is a curve between any two
MOST_REACH = 1e13  # in drawing units; curves are not split until they are this near, or 1e300 never ends
_LINE_ENDS = re.compile(rb"\r\n?")  # as Windows writes them, and old Macs; ezdxf reads the head's version by line
_ESCAPED = re.compile(r"(?:\\U\+[0-9A-Fa-f]{4})+")  # what a program writes that its code page does not hold
CURVE_SEGMENTS = 8  # a quarter of a circle in two pieces and more: finer than a shelf's corner needs


@dataclass(frozen=True)
class Stroke:
    """A line, arc or circle. `block` tells strokes of one insert from those of others, 0 for none."""

    kind: str
    layer: str
    xy: F64  # (n, 2)
    closed: bool
    block: int


@dataclass(frozen=True)
class Insert:
    """An insert at the model's own level: its name, place, height and attributes."""

    number: int
    name: str
    layer: str
    xy: F64  # (2,)
    z: float
    attributes: dict[str, str]


@dataclass(frozen=True)
class DrawnText:
    """A text, without its formatting: its lines."""

    layer: str
    xy: F64  # (2,)
    lines: list[str]


@dataclass
class Strokes:
    """All that is seen. `dimensions` are (what is measured in drawing units, what the drawing says it is)."""

    strokes: list[Stroke] = field(default_factory=list)
    blocks: list[Insert] = field(default_factory=list)
    texts: list[DrawnText] = field(default_factory=list)
    points: list[tuple[str, F64, float]] = field(default_factory=list)
    dimensions: list[tuple[float, float]] = field(default_factory=list)
    insunits: int = 0
    hidden: list[str] = field(default_factory=list)


def read_strokes(content: bytes, notes: Notes) -> Strokes:
    """All strokes of a DXF file. Raises OperatorError for what is none, or is damaged, and without `ezdxf`."""
    try:
        import ezdxf
    except ModuleNotFoundError:
        notes.refuse("(whole file)", "DXF needs the library ezdxf", "pip install 'rayon[plans]'")
    if content.startswith(b"AC10") and b"\x00" in content[:100]:
        notes.refuse("(whole file)", "is DWG, not DXF", "save it as DXF in the program that drew it")
    with _damage(notes):
        drawing = _open(content, ezdxf)
        return _Walk(drawing, notes).strokes()


_DAMAGE: tuple[type[Exception], ...] = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
    RuntimeError,
    StopIteration,
    MemoryError,
)


@contextmanager
def _damage(notes: Notes) -> Iterator[None]:
    """A damaged file shows anywhere in a library that trusts it: it is refused as one thing."""
    import ezdxf

    damage: tuple[type[Exception], ...] = (*_DAMAGE, ezdxf.lldxf.const.DXFError)
    try:
        yield
    except damage as error:
        said = clean(str(error), 120) or type(error).__name__
        notes.refuse("(whole file)", f"is no DXF, or a damaged one: {said}", "save it anew as DXF, 2007 or later")


def _open(content: bytes, ezdxf: Any) -> Any:
    if content.startswith(b"AutoCAD Binary DXF"):
        from ezdxf.lldxf.tagger import binary_tags_loader

        return ezdxf.document.Drawing.load(binary_tags_loader(content))
    content = _LINE_ENDS.sub(b"\n", content.removeprefix(codecs.BOM_UTF8))
    head = io.StringIO(content[:20_000].decode("ascii", "ignore"))
    encoding = ezdxf.filemanagement.dxf_stream_info(head).encoding
    text = _ESCAPED.sub(_unescape, content.decode(encoding, "surrogateescape"))
    try:
        return ezdxf.read(io.StringIO(text))
    except ezdxf.lldxf.const.DXFError:
        from ezdxf import recover

        return recover.read(io.BytesIO(content))[0]


def _unescape(escaped: re.Match[str]) -> str:
    r"""What `\U+00E9` stands for, of which emoji take two. Controls stay escaped: an end of line would end a tag."""
    said = bytes.fromhex(escaped.group().replace("\\U+", "")).decode("utf-16-be", "replace")
    return said if said.isprintable() else escaped.group()


class _Walk:
    """One pass over the model, blocks taken apart."""

    def __init__(self, drawing: Any, notes: Notes) -> None:
        self._drawing, self._notes = drawing, notes
        self._hidden = {layer.dxf.name.casefold() for layer in drawing.layers if layer.is_frozen() or layer.is_off()}
        self._found = Strokes(insunits=int(drawing.header.get("$INSUNITS", 0) or 0))
        self._block = 0
        self._weights: dict[tuple[str, int], int] = {}

    def strokes(self) -> Strokes:
        if self._weight(self._drawing.modelspace(), 0) > MOST_STROKES:
            fix = "export the storey alone, or purge what is not the shop"
            self._notes.refuse("(whole file)", f"holds more than {MOST_STROKES:,} lines with its blocks", fix)
        for entity in self._drawing.modelspace():
            self._visit(entity, entity.dxf.layer, 0, 0)
        self._found.hidden = sorted(self._hidden)
        return self._found

    def _weight(self, entities: Any, depth: int) -> int:
        """How many entities there are with all blocks taken apart, each block counted once."""
        total = 0
        for entity in entities:
            total += 1
            if entity.dxftype() == "INSERT" and depth < MOST_DEPTH:
                name = entity.dxf.name
                if (name, depth) not in self._weights:
                    block = entity.block()
                    self._weights[name, depth] = self._weight(block, depth + 1) if block is not None else 0
                total += self._weights[name, depth] * max(1, entity.mcount)
        return total

    def _visit(self, entity: Any, layer: str, block: int, depth: int) -> None:
        if layer.casefold() in self._hidden or entity.dxf.get("invisible", 0):
            return
        kind = entity.dxftype()
        if kind == "INSERT":
            self._insert(entity, layer, block, depth)
        elif kind in CURVES:
            self._curve(entity, kind, layer, block)
        elif kind in ("TEXT", "MTEXT"):
            self._text(entity, kind, layer)
        elif kind == "POINT":
            at = entity.dxf.location
            if self._is_somewhere(at, f"POINT on layer {clean(layer)}"):
                self._found.points.append((layer, np.array([at.x, at.y]), float(at.z)))
        elif kind == "DIMENSION":
            self._dimension(entity)

    def _insert(self, entity: Any, layer: str, block: int, depth: int) -> None:
        definition = entity.block()
        if definition is not None and definition.block.is_xref:
            self._notes.say(f"block {entity.dxf.name}", "is in another file, and left out", "bind the reference first")
            return
        if depth >= MOST_DEPTH:
            self._notes.say(f"block {entity.dxf.name}", "is nested too deeply, and left out")
            return
        for one in entity.multi_insert() if entity.mcount > 1 else [entity]:
            number = block
            if depth == 0:
                self._block += 1
                number = self._block
                at = one.ocs().to_wcs(one.dxf.insert)
                if not self._is_somewhere(at, f"block {clean(one.dxf.name)}"):
                    continue
                attributes = {clean(a.dxf.tag).upper(): clean(a.dxf.text) for a in entity.attribs}
                self._found.blocks.append(
                    Insert(number, clean(one.dxf.name), layer, np.array([at.x, at.y]), float(at.z), attributes)
                )
            for part in one.virtual_entities():
                self._visit(part, layer if part.dxf.layer == "0" else part.dxf.layer, number, depth + 1)

    def _curve(self, entity: Any, kind: str, layer: str, block: int) -> None:
        from ezdxf.path import make_path

        if kind == "POLYLINE" and not (entity.is_2d_polyline or entity.is_3d_polyline):
            return  # a mesh
        place = f"{kind} on layer {clean(layer)}"
        corners = _corners(entity, kind)
        if corners > (MOST_KNOTS if kind == "SPLINE" else MOST_CORNERS):
            fix = "draw it with fewer, or leave its layer out: --layer NAME=ignore"
            self._notes.refuse(place, f"has {corners:,} points: that is no wall or shelf", fix)
        path = make_path(entity)
        if not len(path):
            return
        if not all(_is_near(corner) for corner in path.control_vertices()):
            reason = f"reaches past {MOST_REACH:g}, or has points that are no numbers"
            self._notes.refuse(place, reason, "delete it in the drawing")
        xy = np.array([(p.x, p.y) for p in path.flattening(MOST_REACH, segments=CURVE_SEGMENTS)])
        self._found.strokes.append(Stroke(kind, layer, xy, bool(path.is_closed) and len(xy) > 3, block))

    def _text(self, entity: Any, kind: str, layer: str) -> None:
        at = entity.dxf.insert
        if kind == "TEXT":
            said, at = entity.plain_text(), entity.ocs().to_wcs(entity.get_placement()[1])
        else:
            said = entity.plain_text()
        lines = [line for line in map(clean, said.splitlines()) if line]
        if lines and self._is_somewhere(at, f"{kind} on layer {clean(layer)}"):
            self._found.texts.append(DrawnText(layer, np.array([at.x, at.y]), lines))

    def _is_somewhere(self, at: Any, place: str) -> bool:
        """Whether it is on any drawing; said where it is not."""
        if not _is_near(at):
            self._notes.say(place, f"lies past {MOST_REACH:g}, or nowhere: it is left out", "delete it in the drawing")
            return False
        return True

    def _dimension(self, entity: Any) -> None:
        if entity.dimtype not in (0, 1):
            return
        says = clean(entity.dxf.get("text", "")).replace(",", ".").removesuffix("m").strip()
        try:
            self._found.dimensions.append((float(entity.get_measurement()), float(says)))
        except ValueError:  # no number over it: the measure itself, in whatever unit the drawing is
            return


def _is_near(at: Any) -> bool:
    """NaN is not, of which `max` would say the number before it."""
    return bool(abs(at.x) <= MOST_REACH and abs(at.y) <= MOST_REACH)


def _corners(entity: Any, kind: str) -> int:
    if kind == "SPLINE":
        return len(entity.control_points) + len(entity.fit_points)
    return len(entity) if kind in ("LWPOLYLINE", "POLYLINE") else 2
