"""What a GeoJSON file's numbers are: degrees on Earth, metres of a national grid, or a drawing's own metres."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.plan.importers.ground import WGS84_A_M
from engine.plan.importers.notes import Notes
from engine.plan.importers.words import clean
from engine.records import F64

ToDegrees = Callable[[F64], F64]
"""(n, 2) as the file has them to (n, 2) longitude and latitude."""

_GEOGRAPHIC = {"4326", "4258", "4171", "4979", "4269", "4937", "4965", "6318"}
"""Codes of EPSG in degrees that differ from WGS84 by less than a metre; programs write longitude first for all."""
_MERCATOR = {"3857", "900913", "3785", "102100", "102113"}


def crs_of(raw: dict[str, Any]) -> str:
    """`CRS84`, the digits of an EPSG code, or empty where a file names neither (then RFC 7946 means degrees)."""
    member = raw.get("crs")
    inner = member.get("properties") if isinstance(member, dict) else None
    if not isinstance(inner, dict):
        return ""
    name = clean(inner.get("name")) or clean(inner.get("code")) or clean(inner.get("href"))
    if "CRS84" in name.upper() or "CRS:84" in name.upper():
        return "CRS84"
    found = re.search(r"(?:EPSG\D*?(?:0/|:|/)+|^)(?:[\d.]+:)?(\d{4,6})$", name.strip())
    return found[1] if found else name[:60]


def degrees_of(crs: str, place: str, notes: Notes) -> ToDegrees:
    """How the file's numbers become degrees. Raises OperatorError for a frame that nothing here knows."""
    if crs in ("", "CRS84") or crs in _GEOGRAPHIC:
        return lambda xy: xy
    if crs in _MERCATOR:
        return _from_mercator
    try:
        import pyproj
    except ModuleNotFoundError:
        fix = "pip install 'rayon[plans]', or export with CRS EPSG:4326"
        notes.refuse(f"{place}: crs", f"coordinates are in the frame {crs!r}, which needs pyproj", fix)
    try:
        frame = pyproj.CRS.from_user_input(f"EPSG:{crs}" if crs.isdigit() else crs)
        turn = pyproj.Transformer.from_crs(frame, "EPSG:4326", always_xy=True)
    except pyproj.exceptions.ProjError:
        notes.refuse(f"{place}: crs", f"{crs!r} is no frame that is known", "export with CRS EPSG:4326")
    return lambda xy: np.column_stack(turn.transform(xy[:, 0], xy[:, 1]))


def _from_mercator(xy: F64) -> F64:
    lon = np.degrees(xy[:, 0] / WGS84_A_M)
    with np.errstate(over="ignore"):  # what is off the Earth comes out at a pole, and is refused
        lat = np.degrees(2.0 * np.arctan(np.exp(xy[:, 1] / WGS84_A_M)) - np.pi / 2)
    return np.column_stack([lon, lat])
