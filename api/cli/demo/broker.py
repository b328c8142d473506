"""An MQTT broker in a process of its own, for the demo: Mosquitto where it is installed, else amqtt.

What it writes goes into a file: whatever befalls it, the demo's terminal stays readable. It ends with the demo, however
that ends.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from api.cli.demo import keeper
from engine.errors import OperatorError, Problem

START_S = 60.0  # longest wait for the broker to listen; it takes under one where the machine is not busy
STOP_S = 3.0
MOSQUITTO_PLACES = ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto")
"""Distributions keep it out of the PATH of users."""

LAST_LINES = 5


def mosquitto_binary() -> str | None:
    """Where Mosquitto is installed; None where it is not."""
    return shutil.which("mosquitto") or next((place for place in MOSQUITTO_PLACES if Path(place).exists()), None)


class BrokerProcess:
    """Listens on a free port of 127.0.0.1 from `start` until `stop`. Its log lies in `folder`; it keeps nothing else.

    `kind` is which; None: Mosquitto where it is installed, else amqtt. OperatorError where that one is not installed.
    """

    def __init__(self, folder: Path, kind: str | None = None) -> None:
        self.port = free_port()
        self._mosquitto = None if kind == "amqtt" else mosquitto_binary()
        if self._mosquitto is None and (kind == "mosquitto" or find_spec("amqtt") is None):
            fix = "install Mosquitto, or pip install 'rayon[demo]' for amqtt"
            place, reason = f"--broker {kind}" if kind else "broker", "is not installed"
            raise OperatorError([Problem("rayon demo", place, reason, fix)])
        self.name = "amqtt" if self._mosquitto is None else "Mosquitto"
        self.log_path = folder / "broker.log"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where to connect."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns once it listens. Raises OperatorError where it cannot."""
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                keeper.command_of(*self._command()),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal is the demo's, which stops everything in order
            )
        until = time.monotonic() + START_S
        while not self._listens():
            if not self.running or time.monotonic() > until:
                raise self.failure("did not start")
            time.sleep(0.05)

    def stop(self) -> None:
        """Closes every connection and waits until its process is gone."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()  # the keeper then ends it
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def failure(self, what: str) -> OperatorError:
        """What became of it, with the end of its log."""
        lines = self.log_path.read_text(errors="replace").splitlines() if self.log_path.exists() else []
        fix = "; ".join(lines[-LAST_LINES:])
        return OperatorError([Problem("rayon demo", f"MQTT broker ({self.name})", what, fix)])

    def _command(self) -> list[str]:
        if self._mosquitto is None:
            return [sys.executable, "-m", "api.cli.demo.amqtt_broker", str(self.port)]
        config = self._folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", "persistence false", "set_tcp_nodelay true"]
        lines += ["max_queued_messages 0", "log_dest stderr", "log_type error", "log_type warning"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            lines.append("user root")  # it would become a user that a container may not have
        config.write_text("\n".join(lines) + "\n")
        return [self._mosquitto, "-c", str(config)]

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


def free_port(preferred: int = 0) -> int:
    """`preferred` if nobody listens there, else a port that is free now."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError("no free TCP port on 127.0.0.1")
