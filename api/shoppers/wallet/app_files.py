"""The wallet as an app of the phone: its service worker, whose version is that of everything that it keeps."""

from __future__ import annotations

import hashlib
import json
from functools import cache

from fastapi import APIRouter, Response

from api.pages import STATIC

router = APIRouter(tags=["pages"])

KEPT = ("rayon.css", "mark.svg")
"""What the worker keeps of /static beside itself, so that the wallet opens without a network."""
WORKER_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:"


@router.get("/sw.js", summary="The wallet's service worker", response_class=Response)
def worker() -> Response:
    """`static/worker.js` under the site's root, so that it serves all pages, with the version of what it keeps.

    Browsers compare the bytes at every visit: another version of any file is another worker, which then takes over.
    """
    said = json.dumps({"version": version(), "files": [f"/static/{name}" for name in kept_files()]})
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
    """The files of /static that the worker keeps: the wallet's style, mark and scripts."""
    return sorted({*KEPT, *(path.name for path in STATIC.glob("*.js") if not path.name.startswith("worker"))})


@cache
def version() -> str:
    """Changes with any byte of what is kept or of the workers themselves."""
    digest = hashlib.sha256()
    for path in sorted({*(STATIC / name for name in kept_files()), *STATIC.glob("worker*.js")}):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
