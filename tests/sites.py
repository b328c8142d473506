"""A whole site in processes of its own, as an operator runs it: `rayon engine` or `rayon serve` on a real broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from engine.privacy.proofs import secret_variable
from tests.brokers import free_port
from tests.clocks import patience_s, until
from tests.databases import new_sqlite
from tests.forked import Rayon

__all__ = ["Site", "until"]
SITE_KEY = "0123456789abcdef0123456789abcdef"
MANAGER_KEY = "manager-key-of-tests"
TILL_KEY = "till-key-of-tests"
PORTAL_SECRET = "portal-secret-of-tests-0123456789"
RAYON = [sys.executable, "-m", "api.cli.main"]


class Site:
    """One `rayon engine|serve` on `broker_port`, with configuration, data and log in `folder`."""

    def __init__(
        self, folder: Path, broker_port: int, plans: Path, stores: list[str], **sections: dict[str, Any]
    ) -> None:
        self.folder = folder
        self.api_port = free_port()
        self.database_url = f"sqlite:///{folder / 'data' / 'rayon.db'}"
        self.log_path = folder / "site.log"
        own = "url" not in sections.get("storage", {})
        self.database_path = folder / "data" / "rayon.db" if own else None
        self._secrets = {secret_variable(store): PORTAL_SECRET for store in stores}
        self._process: subprocess.Popen[bytes] | Rayon | None = None
        folder.mkdir(parents=True, exist_ok=True)
        config: dict[str, dict[str, Any]] = {
            "stores": {"floorplans_dir": str(plans), "stores": stores},
            "mqtt": {"port": broker_port},
            "privacy": {"k": 1, "demo": True},  # its shoppers are simulated
            "storage": {"url": self.database_url, "data_dir": str(folder / "data")},
            "api": {"port": self.api_port},
        }
        for name, section in sections.items():
            config[name] = config.get(name, {}) | section
        self.config = folder / "config.yaml"
        self.config.write_text(yaml.safe_dump(config))

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def log(self) -> str:
        """What the site wrote."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self, command: str, *, own_python: bool = False) -> None:
        """Starts `rayon <command>`; its output goes to the log. `own_python`: as an operator does, from nothing; else
        as a fork of a process that has imported it, and a new database is a copy of one that was brought up to date."""
        environ = os.environ | {
            "RAYON_SITE_KEY": SITE_KEY,
            "RAYON_MANAGER_KEY": MANAGER_KEY,
            "RAYON_TILL_KEY": TILL_KEY,
            "PYTHONUNBUFFERED": "1",
            **self._secrets,
        }
        words = [command, "--config", str(self.config)]
        if not own_python:
            if self.database_path is not None and not self.database_path.exists():
                new_sqlite(self.database_path)
            self._process = Rayon(*words, out=self.log_path, cwd=self.folder, env=environ)
            return
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen([*RAYON, *words], env=environ, stdout=log, stderr=log, cwd=self.folder)

    def kill(self) -> None:
        """`kill -9`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(60)

    def stop(self) -> int:
        """Asks it to stop, as an operator would; returns its exit status."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(patience_s(60))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(60)
            raise

    @property
    def pid(self) -> int:
        """Of the process, once it was started."""
        assert self._process is not None
        return self._process.pid

    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def get(self, path: str, key: str | None = None) -> Any:
        """JSON of a GET."""
        return self._ask(urllib.request.Request(self.url + path, headers=_bearer(key)))

    def post(self, path: str, body: dict[str, Any], key: str | None = None, idempotency_key: str | None = None) -> Any:
        """JSON of a POST. Raises urllib.error.HTTPError for 4xx and 5xx."""
        headers = _bearer(key) | {"Content-Type": "application/json"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        return self._ask(urllib.request.Request(self.url + path, json.dumps(body).encode(), headers, method="POST"))

    def hears(self) -> bool:
        """Whether it is ready, and its engine has said so: it has subscribed."""
        try:
            return bool(self.get("/health/ready")["engine"] == "fresh")
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            return False

    def wait_ready(self, timeout_s: float = 120.0) -> None:
        """Until /health/live answers."""

        def answered() -> bool:
            assert self.running(), self.log[-4000:]
            try:
                self.get("/health/live")
            except (urllib.error.URLError, ConnectionError):
                return False
            return True

        until(answered, timeout_s, lambda: self.log[-4000:])

    def wait_connected(self, timeout_s: float = 60.0) -> None:
        """Until its engine is at the broker; fails once it has ended."""

        def connected() -> bool:
            assert self.running(), self.log[-4000:]
            return "connected" in self.log

        until(connected, timeout_s, lambda: self.log[-4000:])

    def _ask(self, request: urllib.request.Request) -> Any:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())


def _bearer(key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}
