"""The sign is a PDF of one A4 page, in both languages, and its QR leads to the opt-out page."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from api.drawn.paper import missing_letters
from api.privacy.drawn_sign import Side, draw_sign
from engine.config import Config
from tests.api.conftest import served
from tests.api.site import Site, small_plan
from tests.databases import new_sqlite

URL = "https://rayon.example/opt-out/corner"
LONG = "Ce magasin mesure son affluence, sans votre accord jamais plus : œuvre, Noël, « guillemets » et 20\u202f%. " * 4
SIDES = [Side("fr", "Refuser le suivi", [LONG] * 3), Side("en", "Opt out", [LONG] * 3)]


def drawing(pdf: bytes) -> bytes:
    """What the page draws, unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
    return b"\n".join(_unpacked(stream) for stream in streams)


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_one_page_of_a4_that_is_the_same_each_time() -> None:
    made = draw_sign("Épicerie du cœur", SIDES, URL, 1_800_000_000.0)
    assert made.startswith(b"%PDF-")
    assert made.count(b"/Type /Page\n") == 1
    [box] = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", made)
    assert [round(float(side)) for side in box] == [595, 842]
    assert made == draw_sign("Épicerie du cœur", SIDES, URL, 1_800_000_000.0)


def test_what_is_written_ends_above_the_qr() -> None:
    """The longest texts that a sign may get: nothing is written over the code."""
    from segno import make_qr

    squares = re.findall(rb"([\d.]+) ([\d.]+) [\d.]+ -?[\d.]+ re f", drawing(draw_sign("Corner", SIDES, URL, 0.0)))
    dark = sum(bool(cell) for row in make_qr(URL, error="m").matrix_iter(border=4) for cell in row)
    assert len(squares) == dark


def test_the_page_has_it(site: Site) -> None:
    with site.client() as visitor:
        assert 'href="/opt-out/corner/sign.pdf"' in visitor.get("/opt-out/corner").text
        answer = visitor.get("/opt-out/corner/sign.pdf")
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
        assert visitor.get("/opt-out/nowhere/sign.pdf").status_code == 404
        assert "pip install" in visitor.get("/opt-out/corner?pdf=missing").text


@pytest.mark.parametrize(
    ("text", "missing"),
    [("Épicerie du cœur, 20\u202f%", ""), ("Магазин Ωμέγα", ""), ("東京 Tea 東", "東京"), ("متجر", "متجر")],
)
def test_letters_that_the_font_lacks_are_known(text: str, missing: str) -> None:
    assert missing_letters([text]) == missing


def test_a_name_that_cannot_be_drawn_is_said_and_not_left_out(config: Config, tmp_path: Path) -> None:
    plan = replace(small_plan(), name="東京の店")
    with served(new_sqlite(tmp_path / "rayon.db"), config, plan) as site, site.client() as visitor:
        answer = visitor.get("/opt-out/corner/sign.pdf?lang=en")
        assert answer.status_code == 303
        assert "lacks letters" in visitor.get(answer.headers["location"]).text
