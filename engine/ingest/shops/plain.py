"""What a text of a shop system may be, and how much of anything: limits that decoders and checks have in common."""

from __future__ import annotations

import re

MOST_LINES = 2_000
"""Of one order: a restaurant's week of receipts has fewer."""
AMOUNT_MAX = 10**13
"""Minor units, or thousandths: nobody's order."""
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,200}")


def text(value: object) -> str:
    """A text, or the number that stands for one; empty for none, and for what no database could hold."""
    said = str(value) if type(value) is int and abs(value) < 2**64 else value.strip() if isinstance(value, str) else ""
    return said if _PLAIN.fullmatch(said) else ""
