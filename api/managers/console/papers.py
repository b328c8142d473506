"""A report on paper: a PDF with its plan, table and remarks. Imported where the extra `signs` is installed."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

from fpdf import FPDF
from fpdf.fonts import FontFace, TTFFont

from api.drawn.paper import FONT, faces, missing_letters, plain, printable
from api.managers.console.drawn.pictures import can_draw, report_png
from api.managers.console.figures.asked import View
from api.managers.console.figures.report import Report
from api.managers.console.saying import (
    cell_text,
    compared_text,
    definitions,
    head,
    interval_text,
    note_text,
    privacy_text,
    span_text,
    title,
)
from api.managers.told import TableFigure
from api.texts.catalogue import words
from api.texts.language import Language
from engine.plan.model import Plan

MARGIN_MM = 14.0
PLAN_MM = 180.0
MOST_UPRIGHT = 7  # columns
ROWS = 60  # of a long table; the CSV has all of them
WITH_PLAN = (View.HEAT, View.ZONES, View.PRODUCTS)


def printable_plan(plan: Plan) -> Plan:
    """The same with ids for names that the font lacks letters of; the plan itself where it has all of them."""
    if not missing_letters([plan.name, *(z.name for z in plan.zones), *(p.name for p in plan.products)]):
        return plan
    return replace(
        plan,
        name=printable(plan.name, plan.store),
        zones=tuple(replace(zone, name=printable(zone.name, zone.id)) for zone in plan.zones),
        products=tuple(replace(product, name=printable(product.name, product.sku)) for product in plan.products),
    )


def report_pdf(report: Report, lang: Language, *, renamed: bool = False) -> bytes:
    """The document, which says so where things are `renamed`. The same report gives the same bytes: its date is the end
    of its period."""
    wide = len(report.table.columns) > MOST_UPRIGHT
    pdf = FPDF(orientation="landscape" if wide else "portrait", format="A4")
    pdf.set_creation_date(dt.datetime.fromtimestamp(report.span.to_t // 3600 * 3600, dt.UTC))
    pdf.set_title(f"{report.plan.name} · {title(report, lang)}")
    pdf.set_lang(lang)
    pdf.set_margin(MARGIN_MM)
    pdf.add_font(FONT, "", str(faces() / "OpenSans-Regular.ttf"))
    pdf.add_font(FONT, "B", str(faces() / "OpenSans-Bold.ttf"))
    pdf.add_page()
    _begin(pdf, report, lang, renamed=renamed)
    if report.view in WITH_PLAN and can_draw() and not report.counts.is_empty:
        pdf.image(io.BytesIO(report_png(report, lang)), w=min(pdf.epw, PLAN_MM))
    _table(pdf, report, lang)
    _end(pdf, report, lang)
    made = bytes(pdf.output())
    for font in pdf.fonts.values():
        if isinstance(font, TTFFont):
            font.ttfont.close()  # which it leaves open
    return made


def _begin(pdf: FPDF, report: Report, lang: Language, *, renamed: bool) -> None:
    t = words(lang)
    _write(pdf, report.plan.name, 10, grey=True)
    _write(pdf, title(report, lang), 18, bold=True)
    _write(pdf, f"{span_text(report.span, lang)} · {report.plan.timezone}", 10)
    if report.looked.is_compared:
        _write(pdf, t.console.compared.format(what=compared_text(report, lang)), 10)
    if renamed:
        _write(pdf, t.console.renamed, 9, grey=True)
    for said in dict.fromkeys(note_text(note, report.plan, lang) for note in report.notes):
        _write(pdf, said, 9, grey=True)
    pdf.ln(3)


def _table(pdf: FPDF, report: Report, lang: Language) -> None:
    columns, rows = report.table.columns, report.table.rows
    if not rows:
        return
    pdf.set_font(FONT, "", 8)
    pdf.set_text_color(0)
    align = tuple("LEFT" if i == 0 else "RIGHT" for i in range(len(columns)))
    widths = tuple(2 if c.unit in ("zone", "product", "step", "day") else 1 for c in columns)
    with pdf.table(
        text_align=align, col_widths=widths, line_height=4.4, headings_style=FontFace(emphasis="BOLD")
    ) as table:
        line = table.row()
        for column in columns:
            line.cell(plain(head(column, lang)))
        for row in rows[:ROWS]:
            line = table.row()
            for column, cell in zip(columns, row.cells, strict=True):
                said = cell_text(cell, column, report, lang)
                interval = interval_text(cell, column.unit, lang) if isinstance(cell, TableFigure) else ""
                line.cell(plain(f"{said} ({interval})" if interval else said))
    if len(rows) > ROWS:
        _write(pdf, words(lang).console.more_rows.format(n=len(rows) - ROWS), 9, grey=True)


def _end(pdf: FPDF, report: Report, lang: Language) -> None:
    pdf.ln(3)
    for named, why in definitions(report, lang):
        _write(pdf, f"{named}: {why}", 8, grey=True)
    _write(pdf, privacy_text(report, lang), 8, grey=True)


def _write(pdf: FPDF, text: str, size_pt: float, *, bold: bool = False, grey: bool = False) -> None:
    pdf.set_font(FONT, "B" if bold else "", size_pt)
    pdf.set_text_color(90 if grey else 0)
    pdf.multi_cell(0, size_pt * 0.3528 * 1.35, plain(text), align="L", new_x="LMARGIN", new_y="NEXT")
