"""Any drawing to a plan: which format it is, its importer, and our own check of what came out."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable

from engine.errors import OperatorError
from engine.plan.findings import Findings, tell_once
from engine.plan.importers.answers import DrawingAnswers
from engine.plan.importers.draft import Draft
from engine.plan.importers.formats.dxf import import_dxf
from engine.plan.importers.formats.ekahau import import_ekahau
from engine.plan.importers.formats.geojson import import_geojson
from engine.plan.importers.formats.imdf import import_imdf
from engine.plan.importers.layout import ImportedPlan, lay_out
from engine.plan.importers.notes import Notes
from engine.plan.load import check_raw

Importer = Callable[[dict[str, bytes], DrawingAnswers, Notes], Draft]
"""Members of the drawing by name (one for a plain file), what the operator says, where to say things: the draft."""

IMPORTERS: dict[str, Importer] = {
    "imdf": import_imdf,
    "dxf": import_dxf,
    "ekahau": import_ekahau,
    "geojson": import_geojson,
}

ALSO_CALLED = {"esx": "ekahau", "qgis": "geojson", "osm": "geojson"}
"""Other names that people have for a format."""

MOST_BYTES = 300_000_000  # unpacked; the largest drawings of malls have tens of megabytes
MOST_MEMBERS = 10_000
_OTHERS = {
    ".dwg": "save it as DXF in the program that drew it",
    ".shp": "open it in QGIS and export it as GeoJSON",
    ".gpkg": "open it in QGIS and export its layers as GeoJSON",
    ".kml": "open it in QGIS and export it as GeoJSON",
    ".ifc": "export the storey as DXF",
    ".rvt": "export the storey as DXF",
    ".pdf": "trace it in QGIS over the picture, and export GeoJSON",
    ".png": "trace it in QGIS over the picture, and export GeoJSON",
    ".jpg": "trace it in QGIS over the picture, and export GeoJSON",
    ".jpeg": "trace it in QGIS over the picture, and export GeoJSON",
    ".svg": "trace it in QGIS over the picture, and export GeoJSON",
}


def import_drawing(
    files: dict[str, bytes], name: str, answers: DrawingAnswers, format_: str | None = None
) -> ImportedPlan:
    """The plan of a drawing: its bytes by name (a folder of layers has several), `name` for what is said of it.

    Without `format_` (a key of `IMPORTERS`) it is guessed. Raises OperatorError for what is no such drawing, for what
    the operator has to say first, and where the plan would not pass `rayon plan check`.
    """
    notes = Notes(name)
    members = _unpack(files, notes)
    chosen = ALSO_CALLED.get(format_ or "", format_) or guess_format(members, name, notes)
    draft = IMPORTERS[chosen](members, answers, notes)
    made = lay_out(draft, answers)
    findings = Findings(name)
    check_raw(made.plan, findings)
    if findings.errors:
        raise OperatorError(tell_once(findings.errors))
    return made


def guess_format(members: dict[str, bytes], name: str, notes: Notes) -> str:
    """The format that these members are in. Raises OperatorError where none of ours."""
    names = {member.rsplit("/", 1)[-1].lower() for member in members}
    if {"level.geojson", "manifest.json"} <= names or {"level.geojson", "venue.geojson"} <= names:
        return "imdf"
    if "manifest.json" in names and names & {"venue.geojson", "building.geojson", "footprint.geojson", "unit.geojson"}:
        return "imdf"  # without a level, which it is then told to lack
    if {"floorplans.json", "wallpoints.json"} & names:
        return "ekahau"
    suffixes = {f".{n.rsplit('.', 1)[-1]}" for n in names if "." in n}
    if ".dxf" in suffixes or any(_is_dxf(content) for content in members.values()):
        return "dxf"
    if suffixes & {".geojson", ".json"}:
        return "geojson"
    other = next((fix for suffix, fix in _OTHERS.items() if suffix in suffixes), "")
    reason = "is no drawing that Rayon reads" if other else "does not tell which format it is"
    return notes.refuse("(whole file)", reason, other or f"--format {', '.join(sorted(IMPORTERS))}")


def _is_dxf(content: bytes) -> bool:
    start = content[:200].lstrip()
    return content.startswith(b"AutoCAD Binary DXF") or (start[:1] == b"0" and b"SECTION" in start)


def _unpack(files: dict[str, bytes], notes: Notes) -> dict[str, bytes]:
    """The members of an archive, where the drawing is one."""
    if len(files) != 1:
        return files
    (content,) = files.values()
    if not content.startswith(b"PK\x03\x04"):
        return files
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [e for e in archive.infolist() if not e.is_dir() and not e.filename.startswith("__MACOSX")]
            if len(entries) > MOST_MEMBERS or sum(e.file_size for e in entries) > MOST_BYTES:
                notes.refuse("(archive)", "unpacks to more than any drawing needs", f"at most {MOST_BYTES:,} bytes")
            return {entry.filename: _read(archive, entry, notes) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError, ValueError) as error:
        notes.refuse("(archive)", f"is a damaged or locked archive: {error}", "pack it anew, without a password")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, notes: Notes) -> bytes:
    with archive.open(entry) as member:
        content = member.read(entry.file_size + 1)  # a header may lie about the size
    if len(content) > entry.file_size:
        notes.refuse("(archive)", f"{entry.filename} is larger than the archive says")
    return content
