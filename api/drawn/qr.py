"""QR codes as SVG, drawn here: no picture comes from elsewhere."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import segno

from api.context import AppContext
from engine.offers.offline.signed import PURPOSE, sign_code


@lru_cache(maxsize=4096)
def qr_svg(text: str, error: str = "m") -> str:
    """`text` as a black-on-white QR code: an `<svg>` with a viewBox and no size of its own. Quiet zone included.

    Error correction M (15 %) unless it is told to be `l` (7 %), or what is left over allows more: a cracked screen
    still scans. Texts in capitals and digits give the smallest symbol.
    """
    out = io.BytesIO()
    segno.make_qr(text, error=error).save(
        out,
        kind="svg",
        border=4,
        xmldecl=False,
        omitsize=True,
        dark="#000",
        light="#fff",
        svgclass=None,
        lineclass=None,
    )
    return out.getvalue().decode()


def coupon_qr(ctx: AppContext, store: str, code: str, expires_at: float, offer: dict[str, Any]) -> str:
    """A coupon's QR: its code, and a signature by which the store's tills believe it without a network.

    So long a text has larger modules with less correction, which helps cameras more, and weighs less.
    """
    return qr_svg(sign_code(ctx.secrets.derive_key(PURPOSE), store, code, expires_at, offer), error="l")
