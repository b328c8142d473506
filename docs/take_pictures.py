"""Takes the pictures of README and docs from a real run: `rayon demo` in one process, Chromium in others. Needs the
test extra.

    python docs/take_pictures.py [SECONDS]

A phone signs in as the demo's guest and waits for its coupon. SECONDS (default 150) after the start, when the stores
have filled, the manager's page and the till are photographed.
"""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

T = TypeVar("T")
PICTURES = Path(__file__).parent / "pictures"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--accept-lang=en",
)
LINK = re.compile(r"^(Managers|Shoppers|Tills)\s+(http\S+)", re.MULTILINE)
START_S, COUPON_S = 120.0, 240.0


def browser(folder: str, width: int, height: int) -> Chrome:
    """A fresh Chromium with a window of that size."""
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*FLAGS, f"--user-data-dir={folder}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    made = Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    mobile = {"width": width, "height": height, "deviceScaleFactor": 1.5, "mobile": width < 500}
    made.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", mobile)
    return made


def photograph(page: Chrome, name: str) -> None:
    """The window's content as docs/pictures/NAME.png."""
    shot = page.execute_cdp_cmd("Page.captureScreenshot", {})
    (PICTURES / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def until(look: Callable[[], T], what: str, timeout_s: float) -> T:
    """The first thing that `look` finds. Raises TimeoutError."""
    end = time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not appear within {timeout_s:g} s")
        time.sleep(0.2)
    return found


def shown(page: Chrome, selector: str, timeout_s: float = 30.0) -> WebElement:
    """The first element of a selector that can be seen."""

    def look() -> list[WebElement]:
        return [e for e in page.find_elements(By.CSS_SELECTOR, selector) if e.is_displayed()]

    return until(look, selector, timeout_s)[0]


def coupon(folder: str, sign_in: str) -> None:
    """Agrees to offers on a phone, and photographs the coupon that comes."""
    phone = browser(f"{folder}/phone", 390, 844)
    phone.get(f"{sign_in}{'&' if '?' in sign_in else '?'}lang=en")
    shown(phone, "label:has(input[name='location_offers:page'][value='yes']) span").click()
    shown(phone, "form button").click()
    shown(phone, "a.button.main").click()
    shown(phone, ".coupon .qr", COUPON_S)
    time.sleep(1)  # what slides in has come to rest
    photograph(phone, "coupon")
    phone.quit()


def manager_and_till(folder: str, managers: str, tills: str) -> None:
    """Photographs the page of a store, and the till, signed in."""
    manager = browser(f"{folder}/manager", 1280, 980)
    manager.get(managers)
    manager.get(managers.split("?")[0] + "/supermarket?lang=en")
    time.sleep(8)  # drawn, and refreshed once
    photograph(manager, "manager")
    manager.get(tills)
    time.sleep(2)
    photograph(manager, "till")
    manager.quit()


def main(seconds: float) -> None:
    """Runs the demo and photographs it."""
    PICTURES.mkdir(exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        demo = subprocess.Popen([sys.executable, "-m", "api.cli.main", "demo"], stderr=log)
        try:
            written = Path(folder) / "log"
            until(lambda: len(LINK.findall(written.read_text())) >= 3, "the demo's links", START_S)
            links = dict(LINK.findall(written.read_text()))
            coupon(folder, links["Shoppers"])
            time.sleep(max(0.0, began + seconds - time.monotonic()))
            manager_and_till(folder, links["Managers"], links["Tills"])
        finally:
            demo.terminate()
            demo.wait(30)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 150.0)
