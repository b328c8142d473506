"""The demo's simulated shoppers: one `rayon simulate` per store, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from api.cli.demo import keeper

_SIMULATE = (sys.executable, "-m", "api.cli.main", "simulate")
LAST_LINES = 5


class Shoppers:
    """Starts the simulators, stops them, and collects what they saw on their phones. They end with the demo, however
    that ends; what they write goes into files in `folder`. `keys` are the variables that they find keys and secrets in.
    """

    def __init__(self, stores: Sequence[str], folder: Path, mqtt_url: str, api_url: str, keys: dict[str, str]) -> None:
        self._stores, self._folder = stores, folder
        self._options = ("--mqtt", mqtt_url, "--api", api_url, "--json")
        self._environ = {**os.environ, **keys}
        self._running: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        """One process per store."""
        for store in self._stores:
            with self._log(store).open("ab") as log:
                # A group of their own: a Ctrl-C in the terminal reaches us only, and we stop them in order.
                process = subprocess.Popen(
                    keeper.command_of(*_SIMULATE, f"demo-{store}", *self._options),
                    env=self._environ,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    start_new_session=True,
                )
            self._running.append(process)

    def summaries(self, wait_s: float) -> list[dict[str, Any]]:
        """Asks all to stop and returns their summaries. Raises RuntimeError when one failed or hangs."""
        for process in self._running:
            process.send_signal(signal.SIGINT)
        until, summaries = time.monotonic() + wait_s, []
        for process, store in zip(self._running, self._stores, strict=True):
            try:
                out, _ = _output(process, until - time.monotonic())
            except subprocess.TimeoutExpired as error:
                raise RuntimeError(f"the shoppers of {store} did not stop within {wait_s:g} s") from error
            if process.returncode != 0:
                words = self._log(store).read_text(errors="replace").splitlines()[-LAST_LINES:]
                raise RuntimeError("\n".join([f"the shoppers of {store} ended with {process.returncode}:", *words]))
            summaries.append(json.loads(out))
        return summaries

    def stop(self) -> None:
        """Ends whatever still runs."""
        for process in self._running:
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.close()  # the keeper then ends the simulator
        for process in self._running:
            try:
                process.wait(keeper.STOP_S + 1.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _log(self, store: str) -> Path:
        return self._folder / f"shoppers-{store}.log"


def _output(process: subprocess.Popen[str], wait_s: float) -> tuple[str, str | None]:
    """What it wrote until its end. Its input stays open meanwhile: closing it would end it."""
    stdin, process.stdin = process.stdin, None
    try:
        return process.communicate(timeout=max(wait_s, 0.0))
    finally:
        process.stdin = stdin
