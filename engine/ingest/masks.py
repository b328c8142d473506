"""MAC addresses out of texts that people will read: logs, error details, samples of refused frames."""

from __future__ import annotations

import re

MASK = "xx:xx:xx:xx:xx:xx"

# Pairs and quads with separators need no boundary; twelve bare digits do, or every long number would be one.
_MAC = re.compile(
    r"[0-9a-f]{2}(?:[:\-_ ][0-9a-f]{2}){5}"
    r"|[0-9a-f]{4}(?:[.:\-_ ][0-9a-f]{4}){2}"
    r"|(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])",
    re.IGNORECASE,
)


def mask_macs(text: str) -> str:
    """`text` with every MAC address, in any spelling, replaced by `xx:xx:xx:xx:xx:xx`; lone surrogates become `?`."""
    return _MAC.sub(MASK, text.encode("utf-8", "replace").decode())
