"""What a browser calls itself, for lists of where somebody is signed in."""

from __future__ import annotations

import re

from fastapi import Request

_BROWSERS = (
    (r"samsungbrowser", "Samsung Internet"),
    (r"edg(e|a|ios)?/", "Edge"),
    (r"firefox|fxios", "Firefox"),
    (r"crios|chrome|chromium", "Chrome"),
    (r"safari", "Safari"),
)
_SYSTEMS = (
    (r"iphone", "iPhone"),
    (r"ipad", "iPad"),
    (r"android", "Android"),
    (r"windows", "Windows"),
    (r"mac os|macintosh", "Mac"),
    (r"linux", "Linux"),
)


def label_of(request: Request) -> str:
    """What the browser calls itself, coarsely: nothing by which one could be told from others like it."""
    agent = request.headers.get("user-agent", "").lower()
    browser = next((name for pattern, name in _BROWSERS if re.search(pattern, agent)), "")
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, agent)), "")
    return ", ".join(part for part in (browser, system) if part) or "?"
