"""The demo's simulated shoppers: one `rayon simulate` per store, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

_SIMULATE = [sys.executable, "-m", "api.cli.main", "simulate"]


class Shoppers:
    """Starts the simulators, stops them, and collects what they saw on their phones."""

    def __init__(self, stores: Sequence[str], mqtt_url: str, api_url: str, till_key: str) -> None:
        self._commands = [
            [*_SIMULATE, f"demo-{store}", "--mqtt", mqtt_url, "--api", api_url, "--json"] for store in stores
        ]
        self._environ = {**os.environ, "RAYON_TILL_KEY": till_key}
        self._running: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        """One process per store."""
        for command in self._commands:
            # A group of their own: a Ctrl-C in the terminal reaches us only, and we stop them in order.
            process = subprocess.Popen(
                command, env=self._environ, stdout=subprocess.PIPE, text=True, start_new_session=True
            )
            self._running.append(process)

    def stop(self, wait_s: float) -> list[dict[str, Any]]:
        """Asks all to stop and returns their summaries. Raises RuntimeError when one failed or hangs."""
        for process in self._running:
            process.send_signal(signal.SIGINT)
        summaries = []
        for process, command in zip(self._running, self._commands, strict=True):
            try:
                out, _ = process.communicate(timeout=wait_s)
            except subprocess.TimeoutExpired as error:
                raise RuntimeError(f"{command[4]} did not stop within {wait_s:g} s") from error
            if process.returncode != 0:
                raise RuntimeError(f"{command[4]} ended with status {process.returncode}")
            summaries.append(json.loads(out))
        return summaries

    def kill(self) -> None:
        """Ends whatever still runs."""
        for process in self._running:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
