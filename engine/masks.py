"""MAC addresses out of texts that people will read: logs, error details, samples of refused frames, names of sources.

A refused frame is refused because it is odd, so the address in it may be as odd: any separator, escaped for URLs, JSON
or HTML, unpadded, as bytes in a list, inside a longer name, in groups of any size, with characters between that nobody
sees, in the digits of another script, as one decimal number. What looks like an address in any of these spellings goes;
and in JSON everything that stands under a name like `mac` or `client`, whatever it looks like. What is a number with a
decimal point in JSON stays, though the digits of a time look like an address: 1772355600.123456; and so do milliseconds
of these years.
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
    rf"[0-9a-f]{{2}}{_BETWEEN}[0-9a-f]{{2}}(?:\1[0-9a-f]{{2}}){{4,}}"
    rf"|[0-9a-f]{{3,4}}{_BETWEEN}[0-9a-f]{{3,4}}(?:\2[0-9a-f]{{3,4}}){{1,2}}"
    rf"|[0-9a-f]{{6}}{_BETWEEN}[0-9a-f]{{6}}"
    r"|(?<![0-9a-f:])(?!(?<=[a-z])[a-f]{1,2}-[0-9a-f]{1,2}:)"  # a word's end before an address: phone-2:ab:...
    r"(?:[0-9a-f]{1,2}[:-]){5,}[0-9a-f]{1,2}"
    r"|(?<!\d)(?:\d{1,3}\s*[,;]\s*){5}\d{1,3}(?!\d)"
    r"|(?:[0-9a-f]\s+){11}[0-9a-f]"
    r"|(?<![0-9a-f])(?:0x)?(?![0-9]{13,}(?![0-9a-f]))[0-9a-f]{12,}",  # thirteen decimal digits and more are a time
    re.IGNORECASE,
)
# Groups of any size, any of the usual separators between them: twelve digits and more in all.
_GROUPS = re.compile(r"(?:0x)?[0-9a-f]+(?:[-:._/| ]{1,2}(?:0x)?[0-9a-f]+)+", re.IGNORECASE)
_DATE = re.compile(r"(?:19|20)\d\d-[01]\d-[0-3]\d")
# Names of devices that hold no address: a UUID (those of a clock end in one), a hash, a day with or without its time.
_NO_ADDRESS = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[03-57-9a-f][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])"
    r"|(?<![0-9a-f])(?![0-9a-f]{6}fffe[0-9a-f]{6}(?![0-9a-f]))[0-9a-f]{16,}"
    r"|(?<![0-9a-f])(?:19|20)\d\d([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])"
    r"(?:[-_.T ]?[0-2]\d([-_.:h]?)[0-5]\d(?:\2[0-5]\d(?:\.\d+)?)?Z?)?(?![0-9a-f])",
    re.IGNORECASE,
)
# An address as one number. Of that size are times too: milliseconds of the years from 2017 to 2036 stay.
_NUMBER = re.compile(r"(?<![0-9a-z.])[0-9]{11,15}(?![0-9a-z]|\.[0-9])", re.IGNORECASE)
_MILLISECONDS = range(1_500_000_000_000, 2_100_000_000_000)
_MOST_48_BITS = 2**48
_UNSEEN = ("Cf", "Mn", "Me")  # zero width, joiners, marks upon the letter before
_FIRST_BYTE = re.compile(r"(?:0x)?([0-9a-f](?:[0-9a-f]|[:-]))", re.IGNORECASE)
_RUN = re.compile(r"[0-9a-f]+([0-9a-f]{2})[0-9a-f]{10}", re.IGNORECASE)
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
_WRITTEN_OUT = re.compile(
    r"\\+u(?P<u>[0-9a-f]{4})|%(?:25)*(?P<url>[2-7][0-9a-f])|&#(?:x(?P<hex>[0-9a-f]{1,4})|(?P<dec>[0-9]{1,5}));",
    re.IGNORECASE,
)


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


def mask_name(name: str) -> str:
    """A device's name as a sentence may say it: as it is, or where it holds a MAC, without it."""
    masked = mask_macs(name)
    return masked if masked.count(MASK) > name.count(MASK) else name


def is_named_by_mac(name: str) -> bool:
    """Whether a device's name holds a MAC, as far as anybody can tell: what masks hide, but for names that only look
    so, as hashes, identifiers of chance and dates with their time do."""
    plain = _NO_ADDRESS.sub("?", _plain(name.encode("utf-8", "replace").decode()))
    return mask_name(plain) != plain


def mask_local_macs(name: str) -> str:
    """An access point's name without addresses that somebody chose: a phone's, where a vendor swapped the two. Those
    of makers stay (the second bit of the first byte tells, IEEE 802)."""
    plain = name if name.isascii() else _plain(name)
    masked = _MAC.sub(lambda found: MASK if _is_local(found[0]) else found[0], plain)
    masked = _NUMBER.sub(lambda found: _mask_number(found) if _is_local(f"{int(found[0]):012x}") else found[0], masked)
    return name if masked == plain else masked


def _is_local(mac: str) -> bool:
    first = _FIRST_BYTE.match(mac)
    run = _RUN.fullmatch(mac)  # of more digits than an address has, either end may be of a word: phone02ab...
    bytes_ = [first[1] if first else "2", run[1] if run else ""]
    return any(int(byte.rstrip(":-") or "0", 16) & 2 for byte in bytes_)


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
    plain = _plain(text.encode("utf-8", "replace").decode())
    for pattern, masked in ((_MAC, lambda found: MASK), (_GROUPS, _mask_groups), (_NUMBER, _mask_number)):
        plain = pattern.sub(masked, plain)
    return _NAMED.sub(lambda found: f'{found[1]}"{_shape(found[2])}', plain)


def _plain(text: str) -> str:
    """The text with what is written out, in other forms or in other digits, as plain letters and digits, and without
    what nobody sees."""
    text = unicodedata.normalize("NFKC", _WRITTEN_OUT.sub(_read_out, text))
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text if unicodedata.category(c) not in _UNSEEN
    )


def _read_out(found: re.Match[str]) -> str:
    code = int(found["dec"]) if found["dec"] else int(found["u"] or found["url"] or found["hex"], 16)
    character = chr(code)
    if character in '"\\':
        return "?"
    return found[0] if code < ord(" ") or (not character.isprintable() and not _is_unseen(character)) else character


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN


def _mask_groups(found: re.Match[str]) -> str:
    text = found[0]
    digits = re.sub(r"0x|[^0-9a-f]", "", text, flags=re.IGNORECASE)
    if len(digits) < 12 or (digits.isdecimal() and (len(digits) > 12 or _DATE.match(text))):
        return text  # digits alone in other numbers: a date with its time, a card
    if digits.isalpha() and " " in text:
        return text  # words
    return MASK


def _mask_number(found: re.Match[str]) -> str:
    number = int(found[0])
    return found[0] if number in _MILLISECONDS or number >= _MOST_48_BITS else MASK


def _shape(value: str) -> str:
    """The value's shape: what is wrong with an address shows in it."""
    return re.sub(r"[^\W_]", "x", value)
