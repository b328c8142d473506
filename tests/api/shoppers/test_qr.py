"""What is drawn is the symbol: the SVG's path, read back module by module, against the matrix of ISO/IEC 18004."""

from __future__ import annotations

import re

import pytest
import segno

from api.shoppers.qr import qr_svg
from engine.offers.codes import voucher_code


def drawn(svg: str) -> set[tuple[int, int]]:
    """(row, column) of the dark modules that the stroke of one unit covers."""
    [path] = re.findall(r'<path stroke="#000" d="([^"]+)"', svg)
    dark: set[tuple[int, int]] = set()
    x, y = 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-0-9. ]+)", path):
        values = [float(n) for n in re.findall(r"-?[0-9]*\.?[0-9]+", numbers)]
        if command == "h":
            dark |= {(int(y), int(x) + i) for i in range(int(values[0]))}
            x += values[0]
        elif command == "M":
            x, y = values
        else:
            x, y = x + values[0], y + values[1]
    return dark


@pytest.mark.parametrize("text", [voucher_code(b"k" * 32, "v1"), "https://shop.example/opt-out/corner"])
def test_the_drawing_is_the_symbol(text: str) -> None:
    matrix = segno.make_qr(text, error="m").matrix
    border = 4
    expected = {(r + border, c + border) for r, row in enumerate(matrix) for c, dark in enumerate(row) if dark}
    svg = qr_svg(text)
    assert drawn(svg) == expected
    side = len(matrix) + 2 * border
    assert f'viewBox="0 0 {side} {side}"' in svg
    assert "style=" not in svg  # the pages' policy forbids inline styles
