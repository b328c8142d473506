"""What a browser is told to be: a desktop, a tablet or a phone, in a language, light or dark; and its pictures."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome

from tests.api.site import PASSWORD
from tests.browser import click, start_chromium, wait_for, write
from tests.console.seeded import Seeded

SIZES = {"desktop": (1440, 1000), "tablet": (820, 1180), "phone": (390, 844)}
MODES = ("light", "dark")
LANGUAGES = ("fr", "en")
SLOW_S = 300.0  # on a busy machine
HIGHEST = 4000  # of a picture, px: nobody looks at more of a list


@contextmanager
def browser() -> Iterator[Chrome]:
    """A Chromium of its own."""
    with tempfile.TemporaryDirectory(prefix="rayon-chromium-") as profile:
        started = start_chromium(Path(profile) / "profile")
        started.set_script_timeout(SLOW_S)  # axe on the largest page
        started.set_page_load_timeout(SLOW_S)  # a year that nobody has looked at yet
        try:
            yield started
        finally:
            started.quit()


def sign_in(page: Chrome, made: Seeded) -> None:
    """As somebody who may see every page."""
    page.get(f"{made.url}/people?lang=en")
    write(page, "[name=name]", "ana")
    write(page, "[name=password]", PASSWORD)
    click(page, "main form button")
    wait_for(page, "[name=store]")


def be(page: Chrome, size: str, mode: str) -> None:
    """Makes the window so large, and the reader's system light or dark."""
    width, height = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size != "desktop"}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": mode}, {"name": "prefers-reduced-motion", "value": "reduce"}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def photograph(page: Chrome, to: Path) -> None:
    """The whole page as a JPEG."""
    content = page.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    height = min(content["height"], HIGHEST)
    clip = {"x": 0, "y": 0, "width": content["width"], "height": height, "scale": 1}
    asked = {"format": "jpeg", "quality": 60, "captureBeyondViewport": True, "clip": clip}
    to.write_bytes(base64.b64decode(page.execute_cdp_cmd("Page.captureScreenshot", asked)["data"]))
