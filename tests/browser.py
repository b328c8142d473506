"""A real Chromium for tests of pages. The drivers of the system are used as they are: nothing is downloaded.

A page redraws itself and is left while a test looks at it, so an element found by one command may be gone at the next.
What is looked at is therefore asked in one script, which the page runs between two changes of its own; what is acted on
is looked up anew until the action reaches it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
    WebDriverException,
)
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import alert_is_present
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.browsers.devtools import Devtools
from tests.sites import until

CHROMIUM = Path("/usr/bin/chromium")
DRIVER = Path("/usr/bin/chromedriver")
SHELL = Path("/usr/lib/chromium/chromium-headless-shell")
"""The same engine without a browser around it (windows, extensions, profiles): a page takes half of the CPU."""
FLAGS = (
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
LANGUAGE = "fr"  # what the browser asks pages for
WAIT_S = 60.0  # only a failure takes all of it
POLL_S = 0.05

GONE = "does not belong to the document"
"""What chromedriver says, beside "stale", of an element whose page was left between its look-up and its use."""
LEAVING = (
    GONE,
    "aborted by navigation",
    "document unloaded while waiting for result",
    "Execution context was destroyed",
    "no such execution context",
)
"""What it says of a script whose page was left while it ran."""
NOT_YET = (
    StaleElementReferenceException,  # drawn anew since it was found
    ElementNotInteractableException,  # hidden since it was found
    ElementClickInterceptedException,  # something in front of it, or it was moving
    NoSuchElementException,  # of a list: the choice is not in it yet
)
"""Nothing was clicked or typed: what is wanted may be there at the next look."""

LOOK = """
const [selector, text, exact] = arguments;
const words = (e) => (e.innerText ?? e.textContent).replace(/[\\u00a0\\u202f]/g, " ").trim();
const fits = (e) => (exact ? words(e) === text : words(e).includes(text));
const visible = (e) =>
  e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
  [...e.getClientRects()].some((r) => r.width > 0 && r.height > 0);
const shown = [...document.querySelectorAll(selector)].filter((e) => visible(e) && fits(e));
"""


@pytest.fixture
def chromium(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser as nobody has used it, and a window as wide as a phone. Missing: skipped, but in CI a failure.

    One Chromium serves all tests of a process, each in a browser context of its own: no cookie, file or service worker
    outlives it. It is as an incognito window, and the headless shell where that is installed: what needs a kept profile
    (push) or a whole browser takes `own_chromium`.
    """
    browser = _shared(request.config, tmp_path_factory)
    home = browser.current_window_handle
    with Devtools(browser) as devtools:
        context = devtools.send("Target.createBrowserContext")
        page = devtools.send("Target.createTarget", url="about:blank", newWindow=True, **context)
        browser.switch_to.window(page["targetId"])
        try:
            browser.get_log("browser")  # type: ignore[no-untyped-call] # of earlier tests
            yield _as_a_phone(browser)
        finally:
            browser.switch_to.window(home)
            devtools.send("Target.disposeBrowserContext", **context)


@pytest.fixture
def own_chromium(tmp_path: Path) -> Iterator[Chrome]:
    """A browser of this test's own, with a profile that stays while it runs."""
    browser = start_chromium(tmp_path / "chromium")
    try:
        yield _as_a_phone(browser)
    finally:
        browser.quit()


_RUNNING = pytest.StashKey[Chrome]()


def _shared(config: pytest.Config, folders: pytest.TempPathFactory) -> Chrome:
    """The browser of this process, started where it is not."""
    if _RUNNING not in config.stash:
        bare = SHELL.exists() and DRIVER.exists()
        config.stash[_RUNNING] = browser = start_shell() if bare else start_chromium(folders.mktemp("chromium"))
        config.add_cleanup(browser.quit)
    return config.stash[_RUNNING]


def start_chromium(profile: Path) -> Chrome:
    """A browser with this profile. Where there is none the test is skipped, but fails in CI."""
    missing = [str(p) for p in (CHROMIUM, DRIVER) if not p.exists()]
    if missing:
        reason = f"{' and '.join(missing)} not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    profile.mkdir(exist_ok=True)
    return _started(CHROMIUM, "--headless=new", f"--user-data-dir={profile}")


def start_shell() -> Chrome:
    """The headless shell, which keeps nothing: the driver gives it a folder and takes it away."""
    return _started(SHELL, "--headless", f"--accept-lang={LANGUAGE}")


def _started(binary: Path, *flags: str) -> Chrome:
    options = ChromeOptions()
    options.binary_location = str(binary)
    for flag in (*FLAGS, *flags, f"--window-size={PHONE[0]},{PHONE[1]}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option("prefs", {"intl.accept_languages": LANGUAGE})
    browser = Chrome(options=options, service=Service(executable_path=str(DRIVER)))
    browser.set_page_load_timeout(WAIT_S)
    return browser


def _as_a_phone(browser: Chrome) -> Chrome:
    # Chromium's own window is never narrower than 500 px: the page is told the phone's size.
    metrics = {"width": PHONE[0], "height": PHONE[1], "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    return browser


def complaints(browser: Chrome) -> list[str]:
    """What the console says that a visitor's browser should not: errors, refused scripts, failed loads."""
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]


def ask(browser: Chrome, script: str, *args: object) -> Any:
    """What the script returns, run in one go by the page; asked again where the page is left while it runs."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            return browser.execute_script(script, *args)
        except WebDriverException as error:
            if time.monotonic() >= deadline or not any(said in (error.msg or "") for said in LEAVING):
                raise
            time.sleep(POLL_S)


def plain(text: str) -> str:
    """The text with plain spaces for no-break ones, wide and narrow."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def shown(browser: Chrome, selector: str, text: str = "") -> bool:
    """Whether an element that a person can see holds the text; no-break spaces are spaces."""
    return bool(ask(browser, LOOK + "return shown.length > 0", selector, plain(text), False))


def texts(browser: Chrome, selector: str) -> list[str]:
    """What the visible elements say, all at one moment."""
    return list(ask(browser, LOOK + "return shown.map(words)", selector, "", False))


def content(browser: Chrome, selector: str) -> str:
    """The text within the first such element, seen or not; "" where there is none."""
    return str(ask(browser, "return document.querySelector(arguments[0])?.textContent ?? ''", selector))


def checked(browser: Chrome, selector: str) -> bool:
    """Whether the box is ticked. Fails where there is none."""
    ticked = ask(browser, "return document.querySelector(arguments[0])?.checked", selector)
    assert isinstance(ticked, bool), f"no {selector}"
    return ticked


def wait_until(browser: Chrome, condition: Callable[[], object], what: str = "", timeout_s: float = WAIT_S) -> None:
    """Until the condition holds; otherwise fails with `what` and what the page says instead."""
    until(lambda: bool(condition()), timeout_s, lambda: f"{what}\n{browser.current_url} says:\n{_page(browser)}")


def wait_for(browser: Chrome, selector: str, text: str = "", timeout_s: float = WAIT_S) -> None:
    """Until an element that a person can see holds the text."""
    wait_until(browser, lambda: shown(browser, selector, text), f"{selector} {text!r}", timeout_s)


def click(browser: Chrome, selector: str, text: str = "", *, exact: bool = False) -> None:
    """Clicks the first such element as soon as it can be clicked. `exact`: it says the text and nothing else."""
    _act(browser, lambda element: element.click(), selector, text, exact)


def write(browser: Chrome, selector: str, keys: str) -> None:
    """Types into a field as soon as it takes keys."""
    _act(browser, lambda element: element.send_keys(keys), selector)


def choose(browser: Chrome, selector: str, value: str) -> None:
    """Picks the option of that value from a list as soon as it is there."""
    _act(browser, lambda element: Select(element).select_by_value(value), selector)


def agree(browser: Chrome) -> None:
    """Says yes to the question the page asks."""
    WebDriverWait(browser, WAIT_S, POLL_S).until(alert_is_present(), "no question was asked")
    browser.switch_to.alert.accept()


def _act(
    browser: Chrome, act: Callable[[WebElement], None], selector: str, text: str = "", exact: bool = False
) -> None:
    """Acts once on the first such element that is seen and enabled: whatever may have reached the page already is not
    repeated. Fails with why the last attempt could not."""
    script = LOOK + "return shown.find((e) => !e.matches(':disabled')) ?? null"
    refused = "there is none"

    def acted() -> bool:
        nonlocal refused
        element = ask(browser, script, selector, plain(text), exact)
        if element is None:
            return False
        try:
            act(element)
        except WebDriverException as error:
            if not isinstance(error, NOT_YET) and GONE not in (error.msg or ""):
                raise
            refused = f"{type(error).__name__}: {error.msg}"
            return False
        return True

    until(acted, WAIT_S, lambda: f"{selector} {text!r}: {refused}\n{browser.current_url} says:\n{_page(browser)}")


def _page(browser: Chrome) -> str:
    """The beginning of what can be read on the page, for messages."""
    return str(ask(browser, "return document.body?.innerText ?? ''"))[:1500]
