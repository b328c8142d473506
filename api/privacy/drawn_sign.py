"""Draws the sign: one A4 page, both languages one above the other, the QR large enough for an arm's length."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import segno
from fpdf import FPDF
from fpdf.fonts import TTFFont

from api.drawn.paper import FONT, faces, plain

MARGIN_MM = 18.0
QR_MM = 68.0  # scans from 70 cm: ten times as far as it is wide
SIZES_PT = (15.0, 13.5, 12.0, 10.5, 9.0, 8.0)


@dataclass(frozen=True, slots=True)
class Side:
    """What the sign says in one language: a title and paragraphs."""

    lang: str
    title: str
    said: list[str]


def draw_sign(store: str, sides: list[Side], url: str, now: float) -> bytes:
    """The PDF. `now` (s UTC) is the day it was made on, in its properties: the same call gives the same bytes.

    The letters are as large as the longest texts leave room for.
    """
    for size_pt in SIZES_PT:
        pdf, is_room = _draw(store, sides, url, now, size_pt)
        if is_room or size_pt == SIZES_PT[-1]:
            break
        _close(pdf)
    made = bytes(pdf.output())
    _close(pdf)
    return made


def _close(pdf: FPDF) -> None:
    """The files of its fonts, which it leaves open."""
    for font in pdf.fonts.values():
        if isinstance(font, TTFFont):
            font.ttfont.close()


def _draw(store: str, sides: list[Side], url: str, now: float, size_pt: float) -> tuple[FPDF, bool]:
    """The page with its text in one size, and whether the text ends above the QR."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(dt.datetime.fromtimestamp(now, dt.UTC))
    pdf.set_title(f"{store} · {sides[0].title}")
    pdf.set_lang(sides[0].lang)
    pdf.set_margin(MARGIN_MM)
    pdf.set_auto_page_break(False)
    _add_fonts(pdf)
    pdf.add_page()
    _write(pdf, store, size_pt, grey=True)
    for side in sides:
        pdf.ln(2)
        _write(pdf, side.title, 2 * size_pt, bold=True)
        for paragraph in side.said:
            pdf.ln(1)
            _write(pdf, paragraph, size_pt)
        pdf.ln(3)
    top_mm = pdf.h - MARGIN_MM - QR_MM - 8
    is_room = pdf.get_y() <= top_mm
    _draw_qr(pdf, url, top_mm)
    pdf.set_y(pdf.h - MARGIN_MM - 6)
    _write(pdf, url, 11, centred=True)
    return pdf, is_room


def _add_fonts(pdf: FPDF) -> None:
    pdf.add_font(FONT, "", str(faces() / "OpenSans-Regular.ttf"))
    pdf.add_font(FONT, "B", str(faces() / "OpenSans-Bold.ttf"))


def _write(
    pdf: FPDF, text: str, size_pt: float, *, bold: bool = False, grey: bool = False, centred: bool = False
) -> None:
    pdf.set_font(FONT, "B" if bold else "", size_pt)
    pdf.set_text_color(90 if grey else 0)
    line_mm = size_pt * 0.3528 * 1.35  # points in millimetres, and some room between lines
    pdf.multi_cell(0, line_mm, plain(text), align="C" if centred else "L", new_x="LMARGIN", new_y="NEXT")


def _draw_qr(pdf: FPDF, url: str, y_mm: float) -> None:
    """As filled squares: sharp at any size."""
    matrix = [list(row) for row in segno.make_qr(url, error="m").matrix_iter(border=4)]
    side = QR_MM / len(matrix)
    left = (pdf.w - QR_MM) / 2
    pdf.set_fill_color(0)
    for i, row in enumerate(matrix):
        for j, dark in enumerate(row):
            if dark:
                pdf.rect(left + j * side, y_mm + i * side, side * 1.01, side * 1.01, style="F")
