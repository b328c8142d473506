"""QR codes of this room: `api.qr` draws them."""

from __future__ import annotations

from api.qr import qr_svg as qr_svg
