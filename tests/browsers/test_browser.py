"""Looking at a page that changes all the time, and clicking on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.browser import ask, checked, chromium, click, content, shown, texts, wait_for

__all__ = ["chromium"]
pytestmark = pytest.mark.e2e

RESTLESS = b"""<!doctype html><ul></ul><script>
setInterval(() => {
  const items = ["one", "two", "three"].map((word) => {
    const item = document.createElement("li");
    item.textContent = word;
    return item;
  });
  document.querySelector("ul").replaceChildren(...items);
}, 3);
setTimeout(() => location.replace("/?" + Math.random()), 100 + Math.random() * 200);
</script>"""
"""Its list is drawn anew every 3 ms, and the page is left for another one like it every 0.2 s."""

LATE = """<!doctype html><style>#over { position: fixed; inset: 0; }</style>
<p id="count">0</p><p id="place"></p><div id="over"></div><script>
let count = 0;
const draw = () => {
  const button = document.createElement("button");
  button.textContent = "Go";
  button.onclick = () => (document.getElementById("count").textContent = ++count);
  document.getElementById("place").replaceChildren(button);
};
const drawing = setInterval(draw, 2);
setTimeout(() => clearInterval(drawing), 700);
setTimeout(() => document.getElementById("over").remove(), 1000);
</script>"""
"""Its button is drawn anew for 0.7 s, and lies under something for 1 s."""

STILL = """<!doctype html><p id="plain">20\u00a0% off</p><p style="opacity: 0">clear</p><p hidden>hidden</p>
<p style="visibility: hidden">unseen</p><details><summary>why</summary><p>folded</p></details>
<svg viewBox="0 0 9 9" width="9" height="9"><path d="M0 0h9v9z"/><text>deep</text></svg>
<input type="checkbox" checked><button disabled>Go</button>"""


@pytest.fixture
def restless() -> Iterator[str]:
    """The address of the restless page."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(RESTLESS)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def opened(browser: Chrome, folder: Path, html: str) -> None:
    page = folder / "page.html"
    page.write_text(html, encoding="utf-8")
    browser.get(page.as_uri())


def test_looks_at_a_page_that_is_drawn_anew_and_left(restless: str, chromium: Chrome) -> None:
    """Never half a list, never an element that is gone."""
    chromium.get(restless)
    addresses, looks = set(), 0
    while looks < 60 or len(addresses) < 6:  # however long a look takes
        assert texts(chromium, "li") in ([], ["one", "two", "three"])
        addresses.add(ask(chromium, "return location.href"))
        looks += 1
    wait_for(chromium, "li", "three")
    chromium.get("about:blank")  # before the server goes


def test_a_click_waits_until_it_reaches_what_is_meant_and_is_one_click(chromium: Chrome, tmp_path: Path) -> None:
    opened(chromium, tmp_path, LATE)
    click(chromium, "button", "Go", exact=True)
    wait_for(chromium, "#count", "1")
    assert content(chromium, "#count") == "1"
    assert not shown(chromium, "#over")


def test_only_what_a_person_can_see_is_shown(chromium: Chrome, tmp_path: Path) -> None:
    opened(chromium, tmp_path, STILL)
    assert texts(chromium, "p") == ["20 % off"]
    assert shown(chromium, "#plain", "20 %")
    assert shown(chromium, "#plain", "20\u00a0%")
    assert not shown(chromium, "#plain", "30 %")
    assert shown(chromium, "svg path")
    assert content(chromium, "svg").strip() == "deep"
    assert checked(chromium, "input")
    click(chromium, "summary")
    wait_for(chromium, "details p", "folded")


def test_what_did_not_come_is_said(chromium: Chrome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(chromium, tmp_path, STILL)
    with pytest.raises(AssertionError, match=r"#plain 'gone'(?s:.*)20.% off"):
        wait_for(chromium, "#plain", "gone", timeout_s=0.2)
    monkeypatch.setattr("tests.browser.WAIT_S", 0.2)
    with pytest.raises(AssertionError, match="there is none"):
        click(chromium, "button", "Go")  # it is disabled
    opened(chromium, tmp_path, LATE.replace("1000", "600000"))
    monkeypatch.setattr("tests.browser.WAIT_S", 1.5)
    with pytest.raises(AssertionError, match="ElementClickIntercepted"):
        click(chromium, "button", "Go")
