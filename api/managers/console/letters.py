"""A page of figures by e-mail every Monday: last week beside the week before, as text and HTML, with a way to stop."""

from __future__ import annotations

import time
from collections.abc import Mapping

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.auth import needs
from api.context import AppContext, context
from api.keyring import Grant
from api.managers.console.figures.asked import View
from api.managers.console.figures.report import Report, last_week, make_report
from api.managers.console.saying import (
    cell_text,
    compared_text,
    head,
    interval_text,
    note_text,
    privacy_text,
    span_text,
    title,
)
from api.managers.reports import Reports
from api.managers.spans.days import midnight_of
from api.managers.told import TableFigure
from api.pages import render
from api.texts.catalogue import words
from api.texts.language import Language, language, language_of
from engine.delivery.mail import Mailer, compose
from engine.errors import BusinessRefusal
from engine.storage.sending.letters import Letter
from engine.storage.sending.weekly_reports import (
    WeeklyReport,
    add_report,
    drop_report,
    was_written,
    weekly_reports,
)
from engine.vocabulary import ProblemCode, Right

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
AFTER_S = (
    6 * 3600.0
)  # past Monday's midnight: the last blocks of Sunday are let out, and it is there before the shop opens
ROWS = 40
COMPARED = "previous"
LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3


class NoSuchAddress(BusinessRefusal):
    """Not one e-mail address."""

    code = ProblemCode.INVALID_REQUEST
    status = 422


@router.post("/manage/{store}/weekly", summary="A page of figures every Monday")
def subscribe(
    store: str,
    request: Request,
    view: View = Form(),
    email: str = Form(max_length=LONGEST_ADDRESS),
    ctx: AppContext = Depends(context),
    _grant: Grant = Depends(needs(Right.SCHEDULE_REPORTS)),
) -> Response:
    """Sends the page to this address from now on; the first goes out within minutes, about last week."""
    ctx.plan(store)
    lang = language(request)
    try:
        compose(Letter(email.strip(), "-", "-", "-"), "shop@example.org", "check", 0.0)
    except ValueError as error:
        raise NoSuchAddress(str(error)) from error
    add_report(ctx.db, store, view.value, email.strip(), lang, time.time())
    return RedirectResponse(f"/manage/{store}/{view.value}?lang={lang}#weekly", 303)


@router.post("/manage/{store}/weekly/{report_id}/stop", summary="Stop such a page")
def stop(
    store: str,
    report_id: int,
    request: Request,
    view: View = Form(View.ZONES),
    ctx: AppContext = Depends(context),
    _grant: Grant = Depends(needs(Right.SCHEDULE_REPORTS)),
) -> Response:
    """Sends it no more."""
    drop_report(ctx.db, store, report_id)
    return RedirectResponse(f"/manage/{store}/{view.value}?lang={language(request)}#weekly", 303)


def post_weekly(made: Reports, mailer: Mailer, now: float) -> int:
    """Writes the letters that are due at `now` (s UTC) and were not written yet. How many."""
    posted = 0
    for wanted in weekly_reports(made.ctx.db):
        if wanted.store not in made.ctx.plans or wanted.view not in set(View):
            continue
        monday, sunday = last_week(made.ctx.plans[wanted.store], now)
        key = f"weekly|{wanted.report_id}|{monday}"
        over = midnight_of(sunday, made.ctx.plans[wanted.store].timezone) + 86_400.0 + AFTER_S
        if now < over or was_written(made.ctx.db, key):
            continue
        given = {"from": monday.isoformat(), "to": sunday.isoformat(), "compare": COMPARED}
        report = make_report(made, wanted.store, View(wanted.view), given, now=now)
        posted += mailer.post(write_letter(report, wanted, made.ctx.public_url), key, now)
    return posted


def write_letter(report: Report, wanted: WeeklyReport, public_url: str) -> Letter:
    """The report as an e-mail; its link opens the same page, for who may sign in."""
    lang = language_of(wanted.lang)
    t = words(lang)
    url = f"{public_url}/manage/{report.plan.store}/{report.view}?{report.asked.query()}&lang={lang}"
    heads = [head(c, lang) for c in report.table.columns]
    rows = [_row(report, cells, lang) for cells in (row.cells for row in report.table.rows[:ROWS])]
    values: Mapping[str, object] = {
        "title": title(report, lang),
        "store_name": report.plan.name,
        "span": span_text(report.span, lang),
        "compared": compared_text(report, lang) if report.looked.before else "",
        "notes": [note_text(note, report.plan, lang) for note in report.notes],
        "heads": heads,
        "rows": rows,
        "more": max(0, len(report.table.rows) - ROWS),
        "url": url,
        "privacy": privacy_text(report, lang),
    }
    subject = t.weekly.subject.format(
        page=title(report, lang), store=report.plan.name, span=span_text(report.span, lang)
    )
    return Letter(wanted.recipient, subject, _text(values, lang), render("report_letter.html", lang, **values))


def _row(report: Report, cells: tuple[str | TableFigure, ...], lang: Language) -> list[str]:
    said = []
    for column, cell in zip(report.table.columns, cells, strict=True):
        text = cell_text(cell, column, report, lang)
        interval = interval_text(cell, column.unit, lang) if isinstance(cell, TableFigure) else ""
        said.append(f"{text} ({interval})" if interval else text)
    return said


def _text(values: Mapping[str, object], lang: Language) -> str:
    """Each row under its first cell: mail programs break what is laid out in columns."""
    t = words(lang)
    heads, rows, notes = values["heads"], values["rows"], values["notes"]
    assert isinstance(heads, list)
    assert isinstance(rows, list)
    assert isinstance(notes, list)
    lines = [f"{values['title']} · {values['store_name']}", str(values["span"])]
    if values["compared"]:
        lines.append(t.console.compared.format(what=values["compared"]))
    lines += ["", *notes, ""] if notes else [""]
    for row in rows:
        lines += [row[0], *(f"  {h}: {cell}" for h, cell in zip(heads[1:], row[1:], strict=True)), ""]
    if not rows:
        lines += [t.weekly.nothing, ""]
    return "\n".join([*lines, t.weekly.look, str(values["url"]), "", str(values["privacy"]), t.weekly.stop, ""])
