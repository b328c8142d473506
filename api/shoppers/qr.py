"""QR codes of this room: `api.drawn.qr` draws them."""

from __future__ import annotations

from api.drawn.qr import qr_svg as qr_svg
