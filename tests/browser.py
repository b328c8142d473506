"""A real Chromium for tests of pages. The drivers of the system are used as they are: nothing is downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

CHROMIUM = Path("/usr/bin/chromium")
DRIVER = Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)
PHONE = (390, 844)


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chrome]:
    """A browser with a fresh profile and a window as wide as a phone. Missing: skipped, but in CI a failure."""
    missing = [str(p) for p in (CHROMIUM, DRIVER) if not p.exists()]
    if missing:
        reason = f"{' and '.join(missing)} not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    profile = tmp_path / "chromium"
    profile.mkdir()
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={PHONE[0]},{PHONE[1]}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options=options, service=Service(executable_path=str(DRIVER)))
    try:
        # Chromium's own window is never narrower than 500 px: the page is told the phone's size.
        metrics = {"width": PHONE[0], "height": PHONE[1], "deviceScaleFactor": 2, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.set_page_load_timeout(30)
        yield browser
    finally:
        browser.quit()


def complaints(browser: Chrome) -> list[str]:
    """What the console says that a visitor's browser should not: errors, refused scripts, failed loads."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
