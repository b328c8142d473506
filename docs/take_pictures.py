"""Takes the README's pictures from a real run: `rayon demo` in one process, Chromium in another. Needs the test extra.

    python docs/take_pictures.py [SECONDS]

Waits SECONDS (default 150) for the stores to fill, then photographs the manager's page and the till.
"""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

PICTURES = Path(__file__).parent / "pictures"
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")
LINK = re.compile(r"^(Managers|Shoppers|Tills)\s+(http\S+)", re.MULTILINE)


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


def wait_for(page: Chrome, selector: str, timeout_s: float) -> None:
    """Until such an element shows."""
    until = time.monotonic() + timeout_s
    while not any(e.is_displayed() for e in page.find_elements(By.CSS_SELECTOR, selector)):
        if time.monotonic() > until:
            raise TimeoutError(f"{selector} did not appear within {timeout_s:g} s")
        time.sleep(0.2)


def main(seconds: float) -> None:
    """Runs the demo and photographs it."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        demo = subprocess.Popen([sys.executable, "-m", "api.cli.main", "demo"], stderr=log)
        try:
            time.sleep(seconds)
            log.seek(0)
            links = dict(LINK.findall(log.read()))
            manager = browser(f"{folder}/manager", 1280, 980)
            manager.get(links["Managers"])
            manager.get(links["Managers"].split("?")[0] + "/supermarket")
            time.sleep(8)
            photograph(manager, "manager")
            manager.get(links["Tills"])
            time.sleep(2)
            photograph(manager, "till")
            manager.quit()
        finally:
            demo.terminate()
            demo.wait(30)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 150.0)
