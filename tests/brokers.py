"""A real Mosquitto for tests: on a free port of 127.0.0.1, with its own configuration, password file and certificates.

with Mosquitto(tmp_path, username="engine", password="secret") as broker:
    broker.url        # mqtt://127.0.0.1:40123
    broker.stop(); broker.start()   # same port, same persistence: what a restart of the service looks like
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import pytest

from tests.clocks import patience_s

_PLACES = ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto")


def mosquitto_binary() -> str | None:
    """The path of the broker's binary, which distributions often keep out of PATH; None where there is none."""
    return shutil.which("mosquitto") or next((place for place in _PLACES if Path(place).exists()), None)


def require_mosquitto() -> str:
    """The binary, or the test is skipped; in CI, where it must be there, the test fails."""
    binary = mosquitto_binary()
    if binary is None and os.environ.get("CI"):
        pytest.fail("mosquitto is not installed, and this is CI")
    if binary is None:
        pytest.skip("mosquitto is not installed")
    return binary


_PORTS = range(20_000, 32_000)
"""Below those that a system gives to whoever asks for any: else a connection of somebody else takes one of ours between
the look and the listening, or while what listens there starts anew."""


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now, and that no test beside or after this one is given: processes of
    tests count on together."""
    kept = Path(tempfile.gettempdir(), f"rayon-tests-port-{os.geteuid()}")
    with kept.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        last = int(file.read() or secrets.choice(_PORTS))
        for step in range(1, len(_PORTS) + 1):
            port = _PORTS[(last + step - _PORTS.start) % len(_PORTS)]
            with socket.socket() as probe, suppress(OSError):  # somebody has it
                probe.bind(("127.0.0.1", port))
                file.truncate(0)
                file.write(str(port))
                return port
    raise RuntimeError(f"every port from {_PORTS.start} to {_PORTS.stop} is taken")


def make_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """(authority, certificate, key) for 127.0.0.1 and localhost, made now with the `openssl` program."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    ca, ca_key, cert, key = (folder / name for name in ("ca.pem", "ca.key", "server.pem", "server.key"))
    request, extensions = folder / "server.csr", folder / "server.ext"
    extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n")
    new_key = ["-newkey", "rsa:2048", "-nodes"]
    for command in (
        ["req", "-x509", *new_key, "-keyout", ca_key, "-out", ca, "-days", "2", "-subj", "/CN=Rayon test authority",
         "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
        ["req", *new_key, "-keyout", key, "-out", request, "-subj", "/CN=localhost"],
        ["x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-out", cert, "-days", "2",
         "-extfile", extensions],
    ):  # fmt: skip
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True, timeout=patience_s(60))
    return ca, cert, key


class Mosquitto:
    """A broker with its files in `folder`. Keeps port and persistence over `stop`, `kill` and `start`."""

    def __init__(
        self,
        folder: Path,
        *,
        username: str | None = None,
        password: str | None = None,
        tls: bool = False,
        max_inflight: int | None = None,
        max_queued: int = 0,
        lines: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.tls = tls
        self.ca_file: Path | None = None
        self._binary = require_mosquitto()
        self._process: subprocess.Popen[bytes] | None = None
        self._conf = folder / "mosquitto.conf"
        folder.mkdir(parents=True, exist_ok=True)
        config = [
            f"listener {self.port} 127.0.0.1",
            "persistence true",
            f"persistence_location {folder}/",
            f"max_queued_messages {max_queued}",  # 0: no limit
            "set_tcp_nodelay true",
            f"log_dest file {folder}/mosquitto.log",
            *lines,
        ]
        if os.geteuid() == 0:
            config.append("user root")  # it would drop to a user that cannot read the test's folder
        if max_inflight is not None:
            config.append(f"max_inflight_messages {max_inflight}")
        if username is None:
            config.append("allow_anonymous true")
        else:
            config += ["allow_anonymous false", f"password_file {self._passwords(username, password or '')}"]
        if tls:
            self.ca_file, cert, key = make_certificates(folder)
            config += [f"certfile {cert}", f"keyfile {key}"]
        self._conf.write_text("\n".join(config) + "\n")

    @property
    def url(self) -> str:
        """`mqtt://127.0.0.1:port`, or `mqtts://`."""
        return f"{'mqtts' if self.tls else 'mqtt'}://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What the broker wrote to its log."""
        path = self.folder / "mosquitto.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Starts the broker and waits until it accepts connections."""
        self._process = subprocess.Popen(
            [self._binary, "-c", str(self._conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        began = time.monotonic()
        while time.monotonic() - began < patience_s(60):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=10).close()
                return
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.02)
        raise RuntimeError(f"mosquitto did not start:\n{self.log}")

    def stop(self) -> None:
        """Asks the broker to end; it saves its sessions and queues."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the broker without a chance to save anything since its last save."""
        self._end(signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The broker hangs meanwhile: connections stay, new ones are taken by the system, and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(patience_s(60))
            self._process = None

    def _passwords(self, username: str, password: str) -> Path:
        path = self.folder / "passwords"
        path.write_text(f"{username}:{password}\n")
        tool = shutil.which("mosquitto_passwd")
        if tool is None:
            pytest.skip("mosquitto_passwd is not installed")
        subprocess.run([tool, "-U", str(path)], check=True, capture_output=True, timeout=patience_s(60))
        return path
