"""What a browser can be told by its own protocol (CDP) and by no driver: to wake a service worker with a push."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import httpx
import websocket
from selenium.webdriver import Chrome


class Devtools:
    """A connection to the browser as a whole, with events kept. `send` waits for the answer."""

    def __init__(self, browser: Chrome) -> None:
        address = browser.capabilities["goog:chromeOptions"]["debuggerAddress"]
        url = httpx.get(f"http://{address}/json/version", timeout=60, verify=False).json()["webSocketDebuggerUrl"]
        self._socket = websocket.create_connection(url, timeout=60, suppress_origin=True)
        self._ids = itertools.count(1)
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Devtools:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, method: str, session: str | None = None, **params: Any) -> Any:
        """The result of a command. Fails with what the browser says is wrong."""
        number = next(self._ids)
        told = {"id": number, "method": method, "params": params}
        self._socket.send(json.dumps(told | ({} if session is None else {"sessionId": session})))
        while True:
            said = json.loads(self._socket.recv())
            if said.get("id") == number:
                assert "error" not in said, said["error"]
                return said["result"]
            self.events.append(said)

    def wait(self, wanted: Callable[[dict[str, Any]], Any], within_s: float = 60.0) -> Any:
        """The first thing that `wanted` makes of an event, come or to come."""
        deadline = time.monotonic() + within_s
        seen = 0
        while True:
            for event in self.events[seen:]:
                if found := wanted(event):
                    return found
            seen = len(self.events)
            assert time.monotonic() < deadline, "no such event"
            self.events.append(json.loads(self._socket.recv()))

    def attach(self, target: str) -> str:
        """A session with a target."""
        return str(self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])

    def evaluate(self, session: str, script: str) -> Any:
        """What a promise or a value comes to, in a page or a worker."""
        said = self.send("Runtime.evaluate", session, expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")
