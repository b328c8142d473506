"""All HTML of the site: templates beside their rooms, filled and escaped here, in the language that the reader wants.

Whole pages load local files only, under a content policy without inline scripts. The managers' live pages are made by
NiceGUI; the pieces within them come from the same templates.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from api.texts import numbers, times
from api.texts.catalogue import words
from api.texts.language import LANGUAGES, Language, in_language, language

_API = Path(__file__).parent
STATIC = _API / "static"
_ROOMS = ("shoppers", "tills", "shares", "health", "managers", "privacy", "accounts", "campaigns", "staff", "loyalty")
_templates = Environment(
    loader=FileSystemLoader([_API / "templates", *(_API / room / "templates" for room in _ROOMS)]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

SIGN_IN_ELSEWHERE = CONTENT_POLICY.replace("form-action 'self'", "form-action 'self' http: https:")
"""For a page whose only form is for a controller: a browser asks this of every address that the answer leads on to, and
nobody knows those before."""


def page(
    request: Request, template: str, status: int = 200, policy: str = CONTENT_POLICY, **values: Any
) -> HTMLResponse:
    """The template as a whole page, in the reader's language. Pages hold what is personal, so no cache keeps them.

    `here` is where the links to the other language lead: by default to the address that is shown. `keep` is what they
    carry on, as `&name=value`.
    """
    lang = language(request)
    html = render(template, lang, **{"here": "", "keep": "", **values})
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", **language_headers(lang)}
    return HTMLResponse(html, status, headers)


def compress(request: Request, response: Response) -> Response:
    """The answer, smaller where the browser takes that. Only for what repeats nothing that a visitor may choose: beside
    that, the size of a compressed page would give away what is secret in it."""
    if "gzip" in request.headers.get("accept-encoding", ""):
        response.body = gzip.compress(bytes(response.body), 6, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(response.body))
    response.headers.add_vary_header("Accept-Encoding")
    return response


def render(template: str, lang: Language, **values: Any) -> str:
    """The template, filled and escaped: `t` holds the sentences, `lang` the language."""
    return _templates.get_template(template).render(t=words(lang), lang=lang, languages=LANGUAGES, **values)


@dataclass(frozen=True, slots=True)
class LetterLink:
    """A line of a letter that leads to `url`, named `label`."""

    url: str
    label: str


def render_letter(lang: Language, title: str, lines: Sequence[str | LetterLink]) -> str:
    """The body of an e-mail, without pictures and styles: a heading, and a paragraph for each line."""
    return render("letter.html", lang, title=title, lines=lines)


def language_headers(lang: Language) -> dict[str, str]:
    """What a page says of its language, and that another reader may get it in another."""
    return {"Content-Language": lang, "Vary": "Accept-Language"}


@pass_context
def _number(context: Context, value: float, digits: int = 0) -> str:
    return numbers.number(value, context["lang"], digits)


@pass_context
def _duration(context: Context, seconds: float | None) -> str:
    return times.duration(seconds, context["lang"])


@pass_context
def _in_language(context: Context, texts: Mapping[str, Any]) -> Any:
    return in_language(texts, context["lang"])


def begins_with(title: str, badge: str) -> bool:
    """Whether a coupon's title begins with what its badge says, whatever the spaces and dashes."""
    said, again = (re.sub(r"[\s−–-]", "", text).casefold() for text in (title, badge))
    return bool(again) and said.startswith(again)


_templates.filters |= {
    "number": _number,
    "duration": _duration,
    "begins_with": begins_with,
    "in_language": _in_language,
}


def _icon(_request: Request) -> FileResponse:
    return FileResponse(STATIC / "mark.svg")  # what browsers ask for unasked, also beside JSON


def without_remarks(script: str) -> str:
    """A script without the lines that only we read: a page of a phone weighs a twentieth less."""
    return "".join(line for line in script.splitlines(keepends=True) if not line.lstrip().startswith("//"))


class _Parts(StaticFiles):
    """Files known by their ETag alone: a page of a phone is two dozen of them, and each header goes out as often."""

    def file_response(self, full_path: str | os.PathLike[str], *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(full_path, *args, **kwargs)
        for name in ("last-modified", "accept-ranges"):
            if name in response.headers:
                del response.headers[name]
        path = Path(full_path)
        if (
            isinstance(response, FileResponse) and path.suffix == ".js" and path.parent == STATIC
        ):  # the vendors' as they are
            script = without_remarks(path.read_text(encoding="utf-8"))
            return Response(script, media_type="text/javascript", headers={"ETag": response.headers["etag"]})
        return response


def mount(app: FastAPI) -> None:
    """Serves our scripts, styles and pictures at /static: no page loads anything from elsewhere.

    The catalogues are read now, so that no first visitor waits for them.
    """
    for lang in LANGUAGES:
        words(lang)
    app.add_route("/favicon.ico", _icon, include_in_schema=False)
    # Compressed for phones on a shop's Wi-Fi. Pages are not: they hold codes beside what a visitor may choose.
    app.mount("/static", GZipMiddleware(_Parts(directory=STATIC), minimum_size=500), name="static")
