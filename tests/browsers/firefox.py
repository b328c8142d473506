"""A real Firefox for tests of pages, spoken to over its own socket (WebDriver BiDi): no driver, no download."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

from tests.sites import until

FIREFOX = next((p for p in (Path("/usr/bin/firefox-esr"), Path("/usr/bin/firefox")) if p.exists()), None)
PHONE = {"width": 390, "height": 844}
SETTINGS = {
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class Firefox:
    """One window of phone size. Every call fails with what the browser says."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(f"{address}/session", timeout=60, suppress_origin=True)
        self._number = 0
        self.call("session.new", capabilities={})
        self._page = self.call("browsingContext.getTree")["contexts"][0]["context"]
        self.call("browsingContext.setViewport", context=self._page, viewport=PHONE, devicePixelRatio=2)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            said = json.loads(self._socket.recv())
            if said.get("id") == self._number:
                assert said["type"] == "success", f"{method}: {said.get('error')}: {said.get('message')}"
                result: dict[str, Any] = said["result"]
                return result

    def get(self, url: str) -> None:
        """Opens an address, until the page is loaded."""
        self.call("browsingContext.navigate", context=self._page, url=url, wait="complete")

    def ask(self, script: str) -> Any:
        """The value of an expression in the page, through JSON; promises are waited for."""
        wrapped = f"Promise.resolve({script}).then((said) => JSON.stringify(said ?? null))"
        said = self.call("script.evaluate", expression=wrapped, target={"context": self._page}, awaitPromise=True)
        assert said["type"] == "success", said
        return json.loads(said["result"]["value"])

    def wait(self, script: str, timeout_s: float = 60.0) -> None:
        """Until the expression is true. Fails with what the page says instead."""
        until(lambda: bool(self.ask(script)), timeout_s, lambda: f"{script}\n{self.ask('document.body.innerText')}")

    def click(self, selector: str) -> None:
        """Clicks as a person does: on the middle of what is seen there."""
        self.wait(f"document.querySelector({json.dumps(selector)})?.checkVisibility() ?? false")
        found = self.call("browsingContext.locateNodes", context=self._page, locator={"type": "css", "value": selector})
        self.ask(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        origin = {"type": "element", "element": {"sharedId": found["nodes"][0]["sharedId"]}}
        steps = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self.call(
            "input.performActions", context=self._page, actions=[{"type": "pointer", "id": "m", "actions": steps}]
        )

    def picture(self, name: str) -> None:
        """Keeps a picture of the whole page where RAYON_PICTURES says so."""
        folder = os.environ.get("RAYON_PICTURES")
        if folder:
            shot = self.call("browsingContext.captureScreenshot", context=self._page, origin="document")
            Path(folder, f"{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def firefox(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Firefox]:
    """A browser with a fresh profile; `indirect` parameters are further settings. Missing: skipped, in CI a failure."""
    if FIREFOX is None:
        if os.environ.get("CI"):
            pytest.fail("no Firefox installed")
        pytest.skip("no Firefox installed")
    profile = tmp_path / "firefox"
    profile.mkdir()
    settings = SETTINGS | getattr(request, "param", {})
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in settings.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    said = tmp_path / "firefox.log"
    command = [str(FIREFOX), "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port=0"]
    with said.open("wb") as out:
        process = subprocess.Popen(
            [*command, "about:blank"], stdout=out, stderr=out, env=os.environ | {"HOME": str(tmp_path)}
        )
    try:
        until(
            lambda: LISTENING.search(said.read_text("utf-8", "replace")), 60, lambda: said.read_text("utf-8", "replace")
        )
        address = LISTENING.search(said.read_text("utf-8", "replace"))
        assert address is not None
        browser = Firefox(address[1])
        yield browser
        browser.close()
    finally:
        process.terminate()
        process.wait(60)
