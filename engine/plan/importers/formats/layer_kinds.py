"""What a layer of somebody's drawing holds, and what its features say of themselves: by names in several languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from shapely.geometry import LineString, Point, Polygon

from engine.plan.importers.answers import DrawingAnswers
from engine.plan.importers.formats.layers import Feature, Layer
from engine.plan.importers.notes import Notes
from engine.plan.importers.read_json import number_of
from engine.plan.importers.words import clean, id_like, is_mac, kinds_of_layer, plain, some
from engine.plan.model import ap_key

NAMES = [
    "name",
    "nom",
    "denumire",
    "nume",
    "label",
    "libelle",
    "titre",
    "title",
    "bezeichnung",
    "nombre",
    "nome",
    "naam",
    "designation",
]
IDS = ["code", "cod", "ref", "reference", "numero", "nr", "num", "key", "cle", "id", "fid", "gid", "objectid"]
LEVELS = ["level", "etage", "niveau", "floor", "storey", "ordinal", "etaj", "piano", "planta", "stock", "geschoss"]
HEIGHTS = [
    "z_m",
    "haut",
    "hauteur",
    "height",
    "z",
    "inaltime",
    "altezza",
    "altura",
    "hohe",
    "hoehe",
    "mounting_height",
    "elevation",
]
KINDS_IN = [
    "feature_type",
    "layer",
    "couche",
    "calque",
    "type",
    "kind",
    "class",
    "classe",
    "categorie",
    "category",
    "tip",
]
LOSSES = ["attenuation_db", "loss_db", "attenuation", "db"]
ZONE_LEAST_M2 = 8.0
"""Polygons of one layer that lie in its outline: from this size on they are zones, below they are shelves."""


def split_layer(layer: Layer) -> list[Layer]:
    """A file whose features say themselves what they are, in a property, is as many layers."""
    for key in KINDS_IN:
        said = [clean(value_of(f, [key])) for f in layer.features]
        known = [word for word in said if kinds_of_layer(word) or word in ("access_point",)]
        if known and len(known) >= 0.5 * len(said):
            parts = {word: Layer(word or layer.name) for word in said}
            for word, feature in zip(said, layer.features, strict=True):
                parts[word].features.append(feature)
            return list(parts.values())
    by_shape: dict[str, Layer] = {}
    for feature in layer.features:  # a layer has one kind of shape, as a rule
        by_shape.setdefault(feature.shape.geom_type, Layer(layer.name)).features.append(feature)
    return list(by_shape.values())


def kinds_of(layers: list[Layer], answers: DrawingAnswers, notes: Notes) -> list[tuple[Layer, str]]:
    """What each layer holds: as said, as its name says, or as its shapes look."""
    unknown = [name for name in answers.layers if name not in {layer.name.casefold() for layer in layers}]
    if unknown:
        notes.refuse("--layer", f"there is no layer {unknown[0]!r}", f"layers are {names_of(layers)}")
    kinds: dict[int, str] = {}
    for i, layer in enumerate(layers):
        said = answers.layers.get(layer.name.casefold())
        if said is not None and len(layers) > 1 and not _fits(layer, said) and _has_twin(layer, layers):
            said = None  # meant for the layer's other shapes
        kinds[i] = said or next((k for k in _likely(layer) if _fits(layer, k)), "")
    for i, layer in enumerate(layers):
        if not kinds[i]:
            kinds[i] = _look(layer, layers, has_level="level" in kinds.values())
    guessed = [
        f"{layer.name!r} as {kinds[i]}" for i, layer in enumerate(layers) if layer.name.casefold() not in answers.layers
    ]
    if guessed:
        notes.say("(layers)", f"taken: {some(guessed, 12)}", "--layer NAME=KIND says otherwise")
    return [(layer, kinds[i]) for i, layer in enumerate(layers)]


def names_of(layers: Sequence[Layer]) -> str:
    return some(dict.fromkeys(repr(layer.name) for layer in layers), 8)


def _has_twin(layer: Layer, layers: list[Layer]) -> bool:
    return sum(other.name == layer.name for other in layers) > 1


def _likely(layer: Layer) -> list[str]:
    macs = sum(mac_of(f) is not None for f in layer.features if isinstance(f.shape, Point))
    return (["access_point"] if macs * 2 > len(layer.features) else []) + kinds_of_layer(layer.name)


def _fits(layer: Layer, kind: str) -> bool:
    """Whether most of a layer's shapes can be of this kind."""
    shapes: dict[str, tuple[type, ...]] = {
        "level": (Polygon,), "section": (Polygon,), "fixture": (Polygon,), "wall": (LineString, Polygon),
        "opening": (Point, LineString), "access_point": (Point,),
    }  # fmt: skip
    taken = shapes.get(kind, (object,))
    rings = Polygon in taken  # a line that closes is an outline, where the layer's name says that it is one
    able = sum(isinstance(f.shape, taken) or (rings and _closes(f)) for f in layer.features)
    return able * 2 > len(layer.features)


def _closes(feature: Feature) -> bool:
    return isinstance(feature.shape, LineString) and feature.shape.is_ring


def _look(layer: Layer, layers: list[Layer], *, has_level: bool) -> str:
    """What a layer whose name tells nothing looks like."""
    if all(isinstance(f.shape, Point) for f in layer.features):
        return "ignore"
    if 2 * sum(isinstance(f.shape, Polygon) for f in layer.features) <= len(layer.features):
        return "wall"
    areas = [f.shape.area for f in layer.features]
    largest = max(f.shape.area for other in layers for f in other.features)
    if not has_level and max(areas) >= 0.9 * largest:
        return "level"
    return "fixture" if float(np.median(areas)) < ZONE_LEAST_M2 else "section"


# ---- what a feature says


def value_of(feature: Feature, keys: Sequence[str]) -> Any:
    """The first property of these names that is not null, case and accents aside."""
    plainly = {plain(key).replace(" ", "_"): value for key, value in feature.properties.items() if value is not None}
    return next((plainly[key] for key in keys if key in plainly), None)


def mac_of(feature: Feature) -> str | None:
    """The first property that is a MAC, as 12 digits with colons."""
    for value in feature.properties.values():
        if isinstance(value, str) and is_mac(value):
            key = ap_key(value)
            return ":".join(key[i : i + 2] for i in range(0, 12, 2))
    return None


def number_in(feature: Feature, keys: Sequence[str]) -> float | None:
    value = value_of(feature, keys)
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d+([.,]\d+)?\s*(m|dB)?\s*", value):
        value = float(re.sub(r"[^\d.-]", "", value.replace(",", ".")))
    found = number_of(value, float("nan"))
    return found if found == found else None  # NaN is not itself


def ids_of(layer: Layer, notes: Notes) -> list[str]:
    """An id for each feature where the layer has a property that tells them apart; empty texts where not."""
    for key in IDS:
        found = [clean(value_of(f, [key]), 100) for f in layer.features]
        if not any(found):
            continue
        if all(found) and len(set(found)) == len({f.place for f in layer.features}):
            return [id_like(layer.name) + "-" + text if text.isdigit() else text for text in found]
        notes.say(layer.name, f"property {key!r} is the same on several features: it is no identifier")
    return [""] * len(layer.features)


def name_of(feature: Feature) -> str:
    return clean(value_of(feature, NAMES))
