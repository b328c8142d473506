"""`rayon plan import`: another program's drawing becomes a plan of ours, or says what it needs to be told."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from api.cli.inputs import warn_of
from api.cli.plan.new import write_text
from engine.errors import OperatorError, Problem
from engine.plan.importers.answers import DEGREES, METRES, DrawingAnswers
from engine.plan.importers.layout import ImportedPlan
from engine.plan.importers.run import ALSO_CALLED, IMPORTERS, MOST_BYTES, import_drawing
from engine.plan.importers.start import plan_text
from engine.plan.importers.words import KINDS
from engine.plan.load import PLAN_FILE

LAYER_FILES = (".geojson", ".json")
_NUMBER = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("import")(import_)


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The drawing: a file, an archive, or a folder of layers.")
    ],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The store's folder, named by its id; made if missing.")
    ],
    format_: Annotated[
        str | None, typer.Option("--format", help=f"One of {', '.join(IMPORTERS)}; guessed without.")
    ] = None,
    units: Annotated[
        str | None, typer.Option(help=f"What the drawing is drawn in: {', '.join([*METRES, DEGREES])}.")
    ] = None,
    known_length: Annotated[
        str | None,
        typer.Option(
            metavar="UNITS=METRES", help="A length in the drawing's units, and what it is in metres: 2000=20."
        ),
    ] = None,
    layer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=KIND", help=f"What a layer holds: {', '.join(KINDS)}. May be given several times."),
    ] = None,
    shop: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="One shop of a mall, by its name. May be given several times."),
    ] = None,
    name: Annotated[str, typer.Option(help="What people read; the drawing's own name without.")] = "",
    timezone: Annotated[str, typer.Option(help="An IANA name; Europe/Paris without, with a warning.")] = "",
    currency: Annotated[str, typer.Option(help="An ISO 4217 code; EUR without, with a warning.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Write over the plan that DIR has.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Make a plan of a drawing: IMDF, DXF, GeoJSON of QGIS or OpenStreetMap, Ekahau.

    Example: [bold]rayon plan import mall.zip floorplans/corner --shop "Corner shop"[/bold]

    What a drawing does not tell is asked for by naming the option that says it, or assumed with a warning.
    """
    target = folder / PLAN_FILE
    answers = drawing_answers(
        folder.resolve().name, name, timezone, currency, units=units, known_length=known_length, layer=layer, shop=shop
    )
    if format_ is not None and format_ not in (*IMPORTERS, *ALSO_CALLED):
        raise OperatorError(
            [Problem("--format", format_, "is no format Rayon reads", f"one of {', '.join(IMPORTERS)}")]
        )
    if target.exists() and not replace:
        raise OperatorError([Problem(str(target), "(whole file)", "is there already", "--replace writes over it")])
    made = import_drawing(read_drawing(file), str(file), answers, format_)
    write_text(target, plan_text(made.plan))
    _report(made, target, as_json)


def drawing_answers(
    store: str,
    name: str,
    timezone: str,
    currency: str,
    *,
    units: str | None = None,
    known_length: str | None = None,
    layer: Sequence[str] | None = None,
    shop: Sequence[str] | None = None,
) -> DrawingAnswers:
    """What an operator says of a drawing, of the texts of the options. Raises OperatorError."""
    return DrawingAnswers(
        store=store,
        name=name,
        timezone=timezone,
        currency=currency,
        units=_units(units),
        scale_m=_scale(known_length),
        layers=_layers(layer or ()),
        shops=tuple(shop or ()),
    )


def read_drawing(path: Path) -> dict[str, bytes]:
    """The bytes of a file, or of the layers in a folder, by name. Raises OperatorError."""
    try:
        if not path.is_dir():
            return {path.name: _read(path)}
        found = {p.name: _read(p) for p in sorted(path.iterdir()) if p.suffix.lower() in LAYER_FILES}
    except OSError as error:
        raise OperatorError([Problem(str(path), "(whole file)", error.strerror or str(error))]) from error
    if not found:
        raise OperatorError([Problem(str(path), "(folder)", "holds no .geojson file", "one file for each layer")])
    return found


def _read(path: Path) -> bytes:
    if path.stat().st_size > MOST_BYTES:
        fix = f"at most {MOST_BYTES:,} bytes: export the floor alone"
        raise OperatorError([Problem(str(path), "(whole file)", "is larger than any floor plan", fix)])
    return path.read_bytes()


def _units(units: str | None) -> str:
    if units is not None and units not in (*METRES, DEGREES):
        fix = f"one of {', '.join([*METRES, DEGREES])}"
        raise OperatorError([Problem("--units", units, "is no unit a drawing has", fix)])
    return units or ""


def _scale(known_length: str | None) -> float | None:
    if known_length is None:
        return None
    found = re.fullmatch(f"({_NUMBER})=({_NUMBER})", known_length.strip())
    if found is None or not (1e-9 < float(found[1]) < 1e12 and 0.01 <= float(found[2]) <= 10_000):
        fix = "UNITS=METRES, like 2000=20: what a wall measures in the drawing, and in the shop"
        raise OperatorError([Problem("--known-length", known_length, "is no length", fix)])
    return float(found[2]) / float(found[1])


def _layers(given: Sequence[str]) -> dict[str, str]:
    read = {}
    for text in given:
        name, equals, kind = text.rpartition("=")
        if not equals or kind not in KINDS:
            fix = f"NAME=KIND with one of {', '.join(KINDS)}"
            raise OperatorError([Problem("--layer", text, "does not say what the layer holds", fix)])
        read[name.casefold()] = kind
    return read


_COUNTED = {
    "levels": "level",
    "zones": "zone",
    "walls": "wall",
    "fixtures": "fixture",
    "openings": "opening",
    "aps": "access point",
}


def _count(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _report(made: ImportedPlan, target: Path, as_json: bool) -> None:
    if as_json:
        warnings = [{"place": w.place, "reason": w.reason, "fix": w.fix} for w in made.warnings]
        print(json.dumps({"plan": str(target), **made.counts, "warnings": warnings}, ensure_ascii=False))
        return
    for warning in made.warnings:
        warn_of(warning)
    said = ", ".join(_count(made.counts[key], word) for key, word in _COUNTED.items())
    print(f"{target}: {said}")
    for level, (width, depth) in made.counts["size_m"].items():
        print(f"  level {level}: {width:g} by {depth:g} m, {made.counts['area_m2'][level]:g} m²")
    print(f"Now: rayon plan check {target.parent} && rayon plan draw {target.parent} -o plan.svg")
