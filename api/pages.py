"""HTML pages: templates beside their rooms, local files only, and a content policy without inline scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_API = Path(__file__).parent
_ROOMS = ("shoppers", "tills", "shares", "health")
_templates = Environment(
    loader=FileSystemLoader([_API / "templates", *(_API / room / "templates" for room in _ROOMS)]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The template, filled and escaped. Pages hold what is personal, so no cache keeps them."""
    html = _templates.get_template(template).render(**values)
    headers = {"Content-Security-Policy": CONTENT_POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(html, status, headers)


def _icon(_request: Request) -> FileResponse:
    return FileResponse(_API / "static" / "mark.svg")  # what browsers ask for unasked, also beside JSON


def mount(app: FastAPI) -> None:
    """Serves our scripts, styles and pictures at /static: no page loads anything from elsewhere."""
    app.add_route("/favicon.ico", _icon, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=_API / "static"), name="static")
