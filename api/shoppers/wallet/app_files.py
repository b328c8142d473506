"""The wallet as an app of the phone: its service worker, whose version is that of everything that it keeps."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.context import AppContext, context
from api.pages import STATIC, compress, language_headers, page
from api.texts.catalogue import words
from api.texts.consents import show_version_date
from api.texts.language import LANGUAGES, language
from api.texts.times import moment
from engine.delivery.opening import asked_consents
from engine.storage.people.shoppers import ShopperProfile

router = APIRouter(tags=["pages"])

KEPT = ("rayon.css", "mark.svg")
"""What the worker keeps of /static beside itself, so that the wallet opens without a network."""
_IMPORTED = re.compile(r'from "\./([\w.]+)"')
_SHELL = [
    STATIC.parent / "templates" / "base.html",
    *(STATIC.parent / "shoppers" / "templates").glob("*.html"),
    *(STATIC.parent / "texts").glob("*.yaml"),
]
"""What the page without a network is made of."""
WORKER_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:"


@router.get("/app.webmanifest", summary="The wallet as an app", response_class=Response)
def manifest(request: Request) -> Response:
    """Name, icons and shortcuts in the reader's language."""
    lang = language(request)
    t = words(lang)
    said = {
        "id": "/me",
        "name": t.app.name,
        "short_name": "Rayon",
        "description": t.app.description,
        "lang": lang,
        "dir": "ltr",
        "start_url": f"/me?lang={lang}",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f2ea",
        "theme_color": "#0f5c4a",
        "icons": [_icon("icon-192", 192), _icon("icon-512", 512), _icon("icon-maskable-512", 512, "maskable")],
        "shortcuts": [
            {"name": t.me.coupons, "url": f"/me?lang={lang}#coupons", "icons": [_icon("icon-192", 192)]},
            {"name": t.me.quieter, "url": f"/me?lang={lang}#quieter", "icons": [_icon("icon-192", 192)]},
        ],
    }
    headers = {"Cache-Control": "no-cache", **language_headers(lang)}
    return Response(json.dumps(said, ensure_ascii=False), media_type="application/manifest+json", headers=headers)


@router.get("/accessibility", summary="How accessible this site is", response_class=HTMLResponse)
def accessibility(request: Request) -> Response:
    """The statement that the law asks for: what is met, how it was tested, whom to write to."""
    return page(request, "accessibility.html")


@router.get("/me/offline", summary="The shopper's page without a network", response_class=HTMLResponse)
def offline(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """The same page with nothing personal in it: the service worker keeps it, and it shows what the phone has kept."""
    return compress(request, page(request, "me.html", **wallet_values(ctx, request, "", "Rayon"), shown=[]))


def wallet_values(
    ctx: AppContext, request: Request, store: str, store_name: str, shopper: ShopperProfile | None = None
) -> dict[str, Any]:
    """What the wallet's template needs wherever it is shown. No `shopper`: the page without a network."""
    lang, plan = language(request), ctx.plans.get(store)
    paused = shopper.restricted_at if shopper else None
    return {
        "shopper_id": shopper.shopper_id if shopper else "",
        "paused_on": "" if paused is None else moment(paused, plan.timezone if plan else "UTC", lang),
        "asked": asked_consents(ctx.config),
        "worded_since": show_version_date(lang),
        "store": store,
        "store_name": store_name,
        "shared": False,
    }


def _icon(name: str, side: int, purpose: str = "any") -> dict[str, str]:
    return {"src": f"/static/{name}.png", "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}


@router.get("/sw.js", summary="The wallet's service worker", response_class=Response)
def worker() -> Response:
    """`static/worker.js` under the site's root, so that it serves all pages, with the version of what it keeps.

    Browsers compare the bytes at every visit: another version of any file is another worker, which then takes over.
    """
    pages = [f"/me/offline?lang={lang}" for lang in LANGUAGES]
    files = [f"/static/{name}" for name in kept_files()]
    said = json.dumps({"version": version(), "files": files, "pages": pages})
    return Response(
        f"self.RAYON = {said};\n" + (STATIC / "worker.js").read_text(encoding="utf-8"),
        media_type="text/javascript",
        headers={
            "Cache-Control": "no-cache",
            "Content-Security-Policy": WORKER_POLICY,
            "Service-Worker-Allowed": "/",
        },
    )


def kept_files() -> list[str]:
    """The files of /static that the worker keeps: the wallet's style, mark, and its script with what that imports."""
    found: set[str] = set()
    ahead = ["me.js"]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += _IMPORTED.findall((STATIC / name).read_text(encoding="utf-8"))
    return sorted({*KEPT, *found})


@cache
def version() -> str:
    """Changes with any byte of what is kept or of the workers themselves."""
    digest = hashlib.sha256()
    for path in sorted({*_SHELL, *(STATIC / name for name in kept_files()), *STATIC.glob("worker*.js")}):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
