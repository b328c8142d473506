"""A raw HTTP request, as a proxy or tcpdump shows it, into what `parse` takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_REQUEST_LINE = re.compile(r"(?P<method>[A-Z]{3,10}) (?P<target>\S+)(?: HTTP/[0-9.]+)?\s*")
_FORM = "application/x-www-form-urlencoded"


_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_ADDRESS = re.compile(r"(?i)(?:[a-z][a-z0-9+.-]*://|/|\?|[a-z0-9.-]+(?::[0-9]+)?(?:/[^?]*)?\?)")


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request: its target (path and query), headers by name, and the form it brings, if it brings one."""

    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: str = ""

    @property
    def is_one(self) -> bool:
        """Whether its target is an address at all: a URL, a path, or a query; no picture and no page."""
        return bool(_ADDRESS.match(self.target)) and not _CONTROL.search(self.target)


def read_request(text: str) -> RawRequest:
    """Of a raw request, or of a line that holds an address alone. Raises nothing."""
    head, _, body = text.replace("\r\n", "\n").lstrip("\n ").partition("\n\n")
    first, _, rest = head.partition("\n")
    line = _REQUEST_LINE.fullmatch(first)
    if line is None:
        return RawRequest(first.strip())
    headers = read_headers(rest)
    kind = {name.lower(): value for name, value in headers.items()}.get("content-type", _FORM)
    is_form = line["method"] == "POST" and kind.partition(";")[0].strip().lower() == _FORM
    return RawRequest(line["target"], headers, body.strip() if is_form else "")


def read_headers(text: str) -> dict[str, str]:
    """`Name: value` lines; others are left out."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon and name.strip()}
