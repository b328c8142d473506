"""Ekahau projects (.esx): a zip of JSON tables, with walls and their losses, shelves drawn as walls, and access points.

Coordinates are pixels from the top left corner of a floor's picture; the plan's frame starts at its lower left corner.
The floor is what the walls stand around. Ekahau describes the format nowhere in public; what is
taken here of its tables is what open readers of such projects take.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from shapely.geometry import LineString, Point, Polygon

from engine.plan.importers.answers import DrawingAnswers
from engine.plan.importers.draft import Draft, Storey
from engine.plan.importers.notes import Notes
from engine.plan.importers.outline import outline_of_walls
from engine.plan.importers.read_json import number_of, rows_of
from engine.plan.importers.words import clean, fixture_category, id_like, is_mac, plain, unique_id
from engine.plan.model import ap_key

Row = dict[str, Any]
BANDS = ("FIVE", "TWO", "SIX")
"""A wall has a loss for each band; a plan has one, and most phones are at 5 GHz."""
SHELF_DEPTH_M = 0.8  # where a type of shelf has no thickness
MAC_IN_NAME = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}")


def import_ekahau(files: dict[str, bytes], answers: DrawingAnswers, notes: Notes) -> Draft:
    """The draft of a project. Raises OperatorError where it is none."""
    project = _Project({name.rsplit("/", 1)[-1]: content for name, content in files.items()}, notes)
    if not project.floors:
        notes.refuse("floorPlans.json", "the project holds no floor plan", "an .esx as Ekahau saves it")
    draft = Draft(notes, name=project.name, keep_frame=True)
    for floor in project.floors.values():
        if answers.scale_m or answers.units:
            notes.refuse("--units", "an Ekahau project has its own scale", "correct it in Ekahau, with a known length")
        _draw_floor(floor, project, draft)
    _draw_areas(project, draft)
    _draw_access_points(project, draft)
    scales = {round(f.scale_m, 6) for f in project.floors.values()}
    if len(scales) > 1 and not project.rows("referencePoints"):
        reason = "floors have different scales and no reference points: where they lie above each other is not known"
        notes.say("floorPlans.json", reason, "move one onto the other, or set alignment points in Ekahau")
    return draft


class _Floor:
    """One floor plan: its id in the project, ours, and how pixels become metres."""

    def __init__(self, row: Row, building: Row, own: str, ordinal: int) -> None:
        self.id, self.own, self.ordinal = str(row.get("id")), own, ordinal
        self.name = clean(row.get("name")) or own
        self.scale_m = number_of(row.get("metersPerUnit"), 0.0)
        self.height_px = number_of(row.get("height"), 0.0)
        self.width_px = number_of(row.get("width"), 0.0)
        self.height_m = number_of(building.get("height"), 3.0)

    def metres(self, coord: Any) -> tuple[float, float] | None:
        """A coordinate of the project in metres, None where it is none."""
        raw = coord if isinstance(coord, dict) else {}
        x, y = number_of(raw.get("x"), np.nan), number_of(raw.get("y"), np.nan)
        if not np.isfinite([x, y]).all():
            return None
        return x * self.scale_m, (self.height_px - y) * self.scale_m


class _Project:
    """The tables of a project."""

    def __init__(self, files: dict[str, bytes], notes: Notes) -> None:
        self._files, self.notes = files, notes
        self._tables: dict[str, list[Row]] = {}
        names = [clean(row.get("name")) for row in self.rows("buildings")]
        self.name = names[0] if len(names) == 1 else ""
        self.floors = self._read_floors()
        self.points = {str(p.get("id")): p for p in self.rows("wallPoints")}
        self.types = {str(t.get("id")): t for t in self.rows("wallTypes")}

    def rows(self, table: str) -> list[Row]:
        """The rows of a table; none where the project has no such table."""
        if table not in self._tables:
            self._tables[table] = rows_of(self._files, f"{table}.json", table, self.notes)
        return self._tables[table]

    def _read_floors(self) -> dict[str, _Floor]:
        buildings = {str(b.get("floorPlanId")): b for b in self.rows("buildingFloors")}
        read: dict[str, _Floor] = {}
        taken: dict[str, int] = {}
        for i, row in enumerate(self.rows("floorPlans")):
            building = buildings.get(str(row.get("id")), {})
            ordinal = round(number_of(building.get("floorNumber"), float(i)))
            floor = _Floor(row, building, unique_id(str(ordinal), taken), max(-20, min(200, ordinal)))
            if not 1e-6 < floor.scale_m < 100 or floor.height_px <= 0:
                self.notes.refuse(f"floor {floor.name}", "has no scale", "set it in Ekahau, with a known length")
            read[floor.id] = floor
        return read

    def place(self, row: Row) -> tuple[_Floor, tuple[float, float]] | None:
        """The floor and the metres of a `location`; None where there is none."""
        location = row.get("location")
        floor = self.floors.get(str(location.get("floorPlanId"))) if isinstance(location, dict) else None
        at = floor.metres(location.get("coord")) if floor is not None and isinstance(location, dict) else None
        return None if floor is None or at is None else (floor, at)

    def segments(self, floor: _Floor) -> list[tuple[LineString, Row]]:
        """Wall segments of a floor with their types."""
        found = []
        for segment in self.rows("wallSegments"):
            ids = segment.get("wallPoints")
            ends = [self.place(self.points.get(str(i), {})) for i in ids] if isinstance(ids, list) else []
            at = [end[1] for end in ends if end is not None and end[0] is floor]
            if len(at) == 2 and len(ends) == 2 and at[0] != at[1]:
                found.append((LineString(at), self.types.get(str(segment.get("wallTypeId")), {})))
        return found


def _draw_floor(floor: _Floor, project: _Project, draft: Draft) -> None:
    """Walls, shelves, and the floor they stand on: the picture's outline where walls enclose nothing."""
    walls = []
    for line, kind in project.segments(floor):
        loss_db = _loss_db(kind)
        if _is_shelf(kind):
            depth_m = number_of(kind.get("thickness"), 0.0) or SHELF_DEPTH_M
            shape = line.buffer(depth_m / 2, cap_style="flat")
            category = fixture_category(clean(kind.get("name")))
            if isinstance(shape, Polygon):
                draft.add("fixture", floor.own, shape, category=category, attenuation_db=loss_db)
        else:
            walls.append(line)
            draft.add("wall", floor.own, line, material=id_like(clean(kind.get("key"))), attenuation_db=loss_db)
    outline = outline_of_walls(walls)
    if outline is not None:
        parts = [outline.polygon]
        for gap in outline.gaps:
            draft.add("opening", floor.own, gap, id="door", category="entrance")
    else:
        wide, high = floor.width_px * floor.scale_m, floor.height_px * floor.scale_m
        parts = [Polygon([(0, 0), (wide, 0), (wide, high), (0, high)])]
        draft.notes.say(
            f"level {floor.name}", "walls stand around no floor: the whole picture is taken for it", "draw outer walls"
        )
    draft.storeys.append(Storey(floor.own, floor.ordinal, floor.name, parts, floor.height_m))


def _is_shelf(kind: Row) -> bool:
    words = plain(f"{clean(kind.get('name'))} {clean(kind.get('key'))}").split()
    return bool({"shelf", "shelves", "rack", "regal", "cubicle", "retail"} & set(words))


def _loss_db(kind: Row) -> float | None:
    rows = kind.get("propagationProperties")
    by_band = (
        {str(r.get("band")): r.get("attenuationFactor") for r in rows if isinstance(r, dict)}
        if isinstance(rows, list)
        else {}
    )
    found = next((by_band[band] for band in BANDS if band in by_band), None)
    return None if found is None else number_of(found, 5.0)


def _draw_areas(project: _Project, draft: Draft) -> None:
    for i, row in enumerate(project.rows("areas")):
        floor = project.floors.get(str(row.get("floorPlanId")))
        corners = row.get("area")
        if floor is None or not isinstance(corners, list):
            continue
        at = [xy for corner in corners if (xy := floor.metres(corner)) is not None]
        if len(at) >= 3 and Polygon(at).is_valid:
            draft.add("section", floor.own, Polygon(at), f"areas[{i}]", name=clean(row.get("name")))


def _draw_access_points(project: _Project, draft: Draft) -> None:
    """Those with a place. A simulated one has no MAC, a measured one those of its radios."""
    heights = {str(r.get("accessPointId")): r.get("antennaHeight") for r in project.rows("simulatedRadios")}
    macs = _measure(project)
    for row in project.rows("accessPoints"):
        own, name = str(row.get("id")), clean(row.get("name"))
        here = project.place(row)
        if here is None:
            draft.counts["aps_without_place"] += 1
            draft.notes.say(
                f"access point {name}", "has no place, and is left out", "place it in Ekahau, or add it to the plan"
            )
            continue
        named = MAC_IN_NAME.search(name)
        radios = _receivers([*([named[0]] if named else []), *macs.get(own, [])])
        if not radios:
            reason = "is simulated and has no MAC: its id has to be what sources call it by"
            draft.notes.say(f"access point {name}", reason, "write the MAC as id, or in macs")
        draft.add(
            "access_point", here[0].own, Point(here[1]), id=name or own, name=name, macs=radios,
            z_m=number_of(heights.get(own), np.nan) if heights.get(own) is not None else None,
        )  # fmt: skip


def _measure(project: _Project) -> dict[str, list[str]]:
    """What was heard of each access point, by its id: as it is written, however often."""
    mac_of = {str(m.get("id")): clean(m.get("mac")) for m in project.rows("accessPointMeasurements")}
    found: dict[str, list[str]] = {}
    for radio in project.rows("measuredRadios"):
        ids = radio.get("accessPointMeasurementIds")
        heard = [mac_of.get(str(i), "") for i in ids] if isinstance(ids, list) else []
        found.setdefault(str(radio.get("accessPointId")), []).extend(heard)
    return found


def _receivers(macs: list[str]) -> list[str]:
    """The addresses that are a receiver's, each once, in its first spelling."""
    found: dict[str, str] = {}
    for mac in filter(is_mac, macs):
        found.setdefault(ap_key(mac), mac)
    return list(found.values())
