"""Reports for programs: one address for each page of figures, with its forms beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from api.auth import needs
from api.drawn.paper import Pdf, can_print
from api.managers.console.answers import answer_tagged, json_bytes
from api.managers.console.drawn.pictures import can_draw, report_png
from api.managers.console.figures.asked import View
from api.managers.console.figures.report import AskedReport, ask_report
from api.managers.console.forms import geojson, head_json, rows_json, table_csv
from api.managers.reports import Reports, reports
from api.problems import problem_responses
from api.tagged import NOT_MODIFIED
from api.texts.language import language
from engine.errors import BusinessRefusal
from engine.vocabulary import ProblemCode, Right

router = APIRouter(
    prefix="/v1/stores/{store}/reports",
    tags=["managers"],
    dependencies=[Depends(needs(Right.SEE_FIGURES))],
    responses=problem_responses(401, 403, 404, 422),
)
GEOJSON = "application/geo+json"
CSV = "text/csv; charset=utf-8"


class ColumnOut(BaseModel):
    """What a member of each item is, and in which unit."""

    name: str
    unit: str


class SpanOut(BaseModel):
    """Whole days of the store's calendar."""

    first_day: str = Field(examples=["2026-11-23"])
    last_day: str


class PlanOut(BaseModel):
    """A version of the store's plan: zones and levels, by id and shape."""

    since: str
    version: str


class ReportOut(BaseModel):
    """A report. Each item holds codes, and figures as `value`, `low`, `high`, by the names of `columns`."""

    store: str
    report: View
    from_: str = Field(alias="from")
    to: str
    first_day: str
    last_day: str
    timezone: str
    running: bool = Field(description="The last day is not over.")
    compare: str
    compared_with: list[SpanOut]
    hours: list[int]
    weekdays: list[int] = Field(description="0 is Monday; empty: all.")
    zone: str | None
    product: str | None
    category: str | None
    k: int
    plans: list[PlanOut] = Field(description="Which plan holds since when; none where none was noted.")
    notes: list[dict[str, str]] = Field(description="What a reader has to know, by `code`.")
    columns: list[ColumnOut]
    items: list[dict[str, Any]]
    next: str | None = None


class FormMissing(BusinessRefusal):
    """The extra that makes this form is not installed here."""

    code = ProblemCode.FORM_MISSING
    status = 501


def read_report(
    request: Request,
    store: Annotated[str, Path(description="The store's id.")],
    view: Annotated[View, Path(description="Which page of figures.")],
    from_: Annotated[
        str | None, Query(alias="from", max_length=40, description="The first day, as 2026-11-23. Default: a week.")
    ] = None,
    to: Annotated[str | None, Query(max_length=40, description="The last day, included. Default: today.")] = None,
    compare: Annotated[
        str | None, Query(max_length=20, description="`previous`, `year` (the same weekdays), or `weekdays`.")
    ] = None,
    level: Annotated[str | None, Query(max_length=100)] = None,
    zone: Annotated[str | None, Query(max_length=100, description="Of this zone only.")] = None,
    hours: Annotated[str | None, Query(max_length=9, description="Hours of the day, as 9-12.")] = None,
    weekdays: Annotated[str | None, Query(max_length=13, description="As 0,5: 0 is Monday.")] = None,
    by: Annotated[str | None, Query(max_length=8, description="`day`, `week` or `month`: of the trend.")] = None,
    sort: Annotated[str | None, Query(max_length=40, description="A column, largest first.")] = None,
    product: Annotated[str | None, Query(max_length=200, description="Of this product only, by its SKU.")] = None,
    category: Annotated[str | None, Query(max_length=200, description="Products of this category only.")] = None,
    made: Reports = Depends(reports),
) -> AskedReport:
    """FastAPI dependency: the report asked for, not made yet. Raises NotFound (404) and BadPeriod (422)."""
    given = {
        "from": from_,
        "to": to,
        "compare": compare,
        "level": level,
        "zone": zone,
        "hours": hours,
        "weekdays": weekdays,
        "by": by,
        "sort": sort,
        "product": product,
        "category": category,
    }
    return ask_report(made, store, view, {k: v for k, v in given.items() if v}, strict=True)


Wanted = Annotated[AskedReport, Depends(read_report)]


@router.get("/{view}", response_model=ReportOut, responses=NOT_MODIFIED, summary="A report")
def report_json(
    request: Request,
    wanted: Wanted,
    after: Annotated[str | None, Query(max_length=300, description="The `next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """The figures of one page of the console, a page of rows at a time, with an ETag."""

    def make() -> bytes:
        report = wanted.make()
        items, following = rows_json(report, after, limit)
        return json_bytes(head_json(report) | {"items": items, "next": following})

    return answer_tagged(request, wanted.tag("json", after, limit), make)


@router.get("/{view}/csv", responses={**NOT_MODIFIED, 200: {"content": {"text/csv": {}}}}, summary="A report as CSV")
def report_csv(request: Request, wanted: Wanted) -> Response:
    """The whole table by RFC 4180."""
    return answer_tagged(
        request, wanted.tag("csv"), lambda: table_csv(wanted.make()).encode(), CSV, _as_file(wanted, "csv")
    )


@router.get(
    "/{view}/geojson", responses={**NOT_MODIFIED, 200: {"content": {GEOJSON: {}}}}, summary="A report as GeoJSON"
)
def report_geojson(request: Request, wanted: Wanted) -> Response:
    """Zones with their figures, and squares of heat, in degrees where the plan has an anchor (RFC 7946)."""
    headers = _as_file(wanted, "geojson")
    return answer_tagged(request, wanted.tag("geojson"), lambda: json_bytes(geojson(wanted.make())), GEOJSON, headers)


@router.get(
    "/{view}/png",
    responses={**NOT_MODIFIED, **problem_responses(501), 200: {"content": {"image/png": {}}}},
    summary="A report's plan as a picture",
)
def report_picture(request: Request, wanted: Wanted) -> Response:
    """The plan with heat or zones. Needs the extra `png`."""
    if not can_draw():
        raise FormMissing("pip install 'rayon[png]'")
    lang, headers = language(request), _as_file(wanted, "png")
    return answer_tagged(
        request, wanted.tag("png", lang), lambda: report_png(wanted.make(), lang), "image/png", headers
    )


@router.get(
    "/{view}/pdf",
    responses={**NOT_MODIFIED, **problem_responses(501), 200: {"content": {"application/pdf": {}}}},
    summary="A report to print",
)
def report_document(request: Request, wanted: Wanted) -> Response:
    """A4, in the reader's language; names in letters that its font lacks stand as their ids. Needs the extra `signs`,
    and `png` for the plan in it."""
    if not can_print():
        raise FormMissing("pip install 'rayon[signs]', or print the page")
    from api.managers.console.papers import printable_plan, report_pdf

    lang, headers, written = language(request), _as_file(wanted, "pdf"), printable_plan(wanted.plan)

    def make() -> bytes:
        report = replace(wanted, plan=written).make()
        return report_pdf(report, lang, renamed=written is not wanted.plan)

    return answer_tagged(request, wanted.tag("pdf", lang), make, Pdf.media_type, headers)


def _as_file(wanted: AskedReport, ending: str) -> dict[str, str]:
    span = wanted.asked.span
    name = f"rayon-{wanted.plan.store}-{wanted.asked.view.value}-{span.first}-{span.last}.{ending}"
    return {"Content-Disposition": f'inline; filename="{name}"'}
