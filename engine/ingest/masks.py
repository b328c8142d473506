"""MAC addresses out of texts that people will read: logs, error details, samples of refused frames, names of sources.

A refused frame is refused because it is odd, so the address in it may be as odd: any separator, escaped for URLs, JSON
or HTML, unpadded, as bytes in a list, inside a longer name, encoded. What looks like an address in any of these
spellings goes; and in JSON everything that stands under a name like `mac` or `client`, whatever it looks like. What is
a number with a decimal point in JSON stays, though the digits of a time look like an address: 1772355600.123456.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

MASK = "xx:xx:xx:xx:xx:xx"

_ESCAPED = r"%(?:25)*[0-9a-f]{2}|\\+u[0-9a-f]{4}|&#x?[0-9a-f]{1,4};|&[a-z]{3,8};"
# One separator, the same five times. A comma before a minus separates negative numbers: decibels.
_BETWEEN = rf"((?:{_ESCAPED})+|(?!,\s*-)[^0-9a-z]{{1,6}}(?:0x|\\+x)?|0x|\\+x)"
_MAC = re.compile(
    rf"[0-9a-f]{{2}}{_BETWEEN}[0-9a-f]{{2}}(?:\1[0-9a-f]{{2}}){{4}}"
    rf"|[0-9a-f]{{3,4}}{_BETWEEN}[0-9a-f]{{3,4}}(?:\2[0-9a-f]{{3,4}}){{1,2}}"
    rf"|[0-9a-f]{{6}}{_BETWEEN}[0-9a-f]{{6}}"
    r"|(?<![0-9a-f:])(?:[0-9a-f]{1,2}[:-]){5}[0-9a-f]{1,2}"
    r"|(?<!\d)(?:\d{1,3}\s*[,;]\s*){5}\d{1,3}(?!\d)"
    r"|(?:[0-9a-f]\s+){11}[0-9a-f]"
    r"|(?<![0-9a-f])(?![0-9]{13,}(?![0-9a-f]))[0-9a-f]{12,}",  # thirteen decimal digits and more are a time
    re.IGNORECASE,
)
_FIRST_BYTE = re.compile(r"[0-9a-f](?:[0-9a-f]|[:-])", re.IGNORECASE)
_OF_AN_ADDRESS = "mac|bssid|client|station|sta|device|addr|eui|hw|wlan|peer"
_NAMED = re.compile(
    rf'("[^"]*(?:{_OF_AN_ADDRESS})[^"]*"\s*:\s*)"((?:[^"\\]|\\.)*)',
    re.IGNORECASE,
)
_ADDRESS_KEY = re.compile(_OF_AN_ADDRESS, re.IGNORECASE)
_COLON = re.compile(r"\s*:")
_JSON_TOKEN = re.compile(
    r'(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<decimal>-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][+-]?[0-9]+)?)(?=\s*(?:[],}]|$))"
    r"|-?(?:0|[1-9][0-9]*)(?:[eE][+-]?[0-9]+)?(?=\s*(?:[],}]|$))|[][{}:,]|true|false|null|\s+"
)
_ESCAPED_ASCII = re.compile(r"\\+u00([2-7][0-9a-f])", re.IGNORECASE)


def mask_macs(text: str) -> str:
    """`text` with every MAC address, in any spelling, replaced by `xx:xx:xx:xx:xx:xx`; lone surrogates become `?`.

    Letters and digits in other forms (full-width, escaped in JSON) come out in their plain form. Decimal numbers of
    JSON stay, but for those under the name of an address.
    """
    out, at = [], 0
    for first, last in _decimals(text):
        out += [_mask(text[at:first]), text[first:last]]
        at = last
    return "".join([*out, _mask(text[at:])])


def mask_local_macs(name: str) -> str:
    """An access point's name without addresses that somebody chose: a phone's, where a vendor swapped the two. Those
    of makers stay (the second bit of the first byte tells, IEEE 802)."""
    return _MAC.sub(lambda found: MASK if _is_local(found[0]) else found[0], name)


def _is_local(mac: str) -> bool:
    first = _FIRST_BYTE.match(mac)
    return first is None or bool(int(first[0].rstrip(":-"), 16) & 2)


def _decimals(text: str) -> Iterator[tuple[int, int]]:
    """Where decimal numbers stand in JSON, as far as the text is JSON: what follows a mistake may be anything."""
    at, key = 0, ""
    while text[:1] in ("{", "[") and (token := _JSON_TOKEN.match(text, at)):
        at = token.end()
        if token["text"] is not None and _COLON.match(text, at):
            key = token["text"]
        elif token["decimal"] is not None and not _ADDRESS_KEY.search(key):
            yield token.span()


def _mask(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode())
    plain = _ESCAPED_ASCII.sub(lambda found: _plain(chr(int(found[1], 16))), plain)
    return _NAMED.sub(lambda found: f'{found[1]}"{_shape(found[2])}', _MAC.sub(MASK, plain))


def _plain(character: str) -> str:
    return character if character not in '"\\' else "?"


def _shape(value: str) -> str:
    """The value's shape: what is wrong with an address shows in it."""
    return re.sub(r"[^\W_]", "x", value)
