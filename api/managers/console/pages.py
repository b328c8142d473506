"""The pages of figures: made on the server, readable without a script, every one of them an address."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.auth import needs
from api.keyring import Grant
from api.managers.console.drawn.playback import draw_frame, frames_of
from api.managers.console.figures.asked import View
from api.managers.console.figures.report import Report, make_report
from api.managers.console.on_plan import product_plans
from api.managers.console.saying import (
    compared_text,
    definitions,
    note_text,
    privacy_text,
    span_text,
    title,
)
from api.managers.console.shown import MEASURED, SHOWN_ROWS, FigurePage
from api.managers.overlay import ground_level
from api.managers.reports import Reports, reports
from api.pages import page
from api.problems import problem_page
from api.texts.catalogue import words
from api.texts.language import language
from engine.storage.sending.weekly_reports import weekly_reports
from engine.vocabulary import ProblemCode, Right

FIELDS = frozenset({"from", "to", "compare", "zone", "since", "weekdays"})
"""What the form of every page asks for: a remark on one of them stands beside it."""
router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
NAMES = {"from", "to", "compare", "level", "zone", "hours", "weekdays", "by", "sort", "at", "product", "category"}
BARS = (View.TREND, View.QUEUE, View.FUNNEL)


def read_query(request: Request) -> dict[str, str]:
    """What the address asks for. A form sends weekdays one by one, and the hours as two numbers."""
    query = request.query_params
    given = {name: query[name] for name in NAMES if query.get(name)}
    days = [day for day in query.getlist("weekdays") if day]
    if days:
        given["weekdays"] = ",".join(days)
    if query.get("since") or query.get("until"):
        low, high = query.get("since") or "0", query.get("until") or "24"
        if (low, high) != ("0", "24"):
            given["hours"] = f"{low}-{high}"
    return given


def _page_of(view: View) -> None:
    """Attaches one page: each has an address of its own, as NiceGUI's files have theirs beside them."""

    def figures(
        request: Request,
        store: str,
        made: Reports = Depends(reports),
        grant: Grant = Depends(needs(Right.SEE_FIGURES)),
    ) -> Response:
        if store not in made.ctx.plans:
            t = words(language(request))
            return problem_page(request, 404, ProblemCode.STORE_UNKNOWN, back=(f"/manage?lang={t.lang}", t.board.back))
        return show(request, make_report(made, store, view, read_query(request)), made, grant)

    router.add_api_route(
        f"/manage/{{store}}/{view.value}",
        figures,
        methods=["GET"],
        response_class=HTMLResponse,
        name=f"figures_{view.value}",
        summary=_SUMMARIES[view],
    )


_SUMMARIES = {
    View.HEAT: "Heat of any period",
    View.ZONES: "Zones of any period",
    View.PRODUCTS: "Products of any period",
    View.FLOWS: "Flows of any period",
    View.HOURS: "Hours of the week",
    View.TREND: "Days, weeks, months",
    View.FUNNEL: "From the door to the till",
    View.ROPO: "From the web into the store and back",
    View.ROPO_UPLIFT: "Campaigns among who looked online",
    View.CHANNEL_UPLIFT: "What coupons change, by channel",
    View.QUEUE: "The tills by hour",
}
for _view in View:
    _page_of(_view)


@router.get(
    "/manage/{store}/heat/frame",
    summary="One moment of the playback",
    response_class=Response,
    dependencies=[Depends(needs(Right.SEE_FIGURES))],
)
def frame(request: Request, store: str, made: Reports = Depends(reports)) -> Response:
    """The drawing of moment `at` of a period, as SVG; what the slider of the heat's page asks for."""
    report = make_report(made, store, View.HEAT, read_query(request))
    found = frames_of(report.counts)
    at = report.asked.at
    if at is None or at >= len(found):
        return Response(status_code=404)
    drawn = draw_frame(report.counts, report.asked.level, found[at], found)
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "private, max-age=60"})


def show(request: Request, report: Report, made: Reports, grant: Grant) -> Response:
    """The page of a report."""
    lang = language(request)
    shown = FigurePage(report, lang)
    frames = frames_of(report.counts) if report.view is View.HEAT and not report.counts.is_empty else []
    if report.view is View.HEAT and report.counts.heat.is_empty:
        frames = []
    at = min(report.asked.at, len(frames) - 1) if report.asked.at is not None and frames else None
    today = report.span.local.clock(time.time()).date()
    fields = FIELDS | ({"by"} if report.view is View.TREND else set())
    fields |= {"level"} if report.plan.levels[1:] else set()
    return page(
        request,
        "console.html",
        report=report,
        shown=shown,
        view=report.view.value,
        store_name=report.plan.name,
        board=f"/manage/{report.plan.store}?lang={lang}",
        title=title(report, lang),
        span=span_text(report.span, lang),
        compared=compared_text(report, lang) if report.looked.before else "",
        notes=[note_text(note, report.plan, lang) for note in report.notes if note.at not in fields],
        beside={n.at: note_text(n, report.plan, lang) for n in report.notes if n.at in fields},
        empty=report.counts.is_empty,
        today=today,
        choices=shown.choices(),
        plans=plans_of(shown),
        has_heat=report.view in MEASURED and not report.counts.heat.is_empty,
        bars=shown.bars() if report.view in BARS and report.table.rows and not report.counts.is_empty else [],
        week=shown.week() if report.view is View.HOURS else None,
        bands=shown.flows.bands() if report.view is View.FLOWS else None,
        matrix=shown.flows.matrix() if report.view is View.FLOWS else None,
        frames=shown.frames(frames),
        at=at,
        moment=draw_frame(report.counts, report.asked.level, frames[at], frames) if at is not None else "",
        frame_base=f"/manage/{report.plan.store}/heat/frame?{report.asked.query()}",
        more=max(0, len(report.table.rows) - SHOWN_ROWS),
        definitions=definitions(report, lang),
        privacy=privacy_text(report, lang),
        may_compare=grant.may_somewhere(Right.COMPARE_STORES),
        may_see_campaigns=grant.may(Right.SEE_CAMPAIGNS, report.plan.store),
        mail=made.ctx.mailer is not None,
        may_mail=grant.may(Right.SCHEDULE_REPORTS, report.plan.store),
        weekly=[r for r in weekly_reports(made.ctx.db, report.plan.store) if r.view == report.view.value],
        ground=ground_level(report.plan),
        here=f"/manage/{report.plan.store}/{report.view}",
        keep=f"&{report.asked.query()}",
    )


def plans_of(shown: FigurePage) -> list[tuple[str, str]]:
    """The plans of a page that has any, with their headings."""
    if shown.report.view is View.PRODUCTS:
        return product_plans(shown)
    return shown.plans() if shown.report.view in MEASURED else []
