"""The broker and the pages' address: what `config.yaml` begins with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from api.cli.setup.asking import WrongAnswer, ask, ask_yes, say
from api.cli.setup.files import CONFIG, EnvFile, config_text, plain_secret, write_whole
from api.cli.sources.listening import subscribe
from engine.config import Config, MqttConfig, load_config
from engine.errors import OperatorError

USERNAME, PASSWORD = "RAYON_MQTT_USERNAME", "RAYON_MQTT_PASSWORD"
ANSWER_S = 3.0  # a broker that lets us in does so at once
_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}")


def configure(folder: Path, env: EnvFile) -> Config:
    """The configuration that is there, or one that is asked for and written."""
    path = folder / CONFIG
    if path.exists():
        config = load_config(path)
        say(f"{path} is there and stays: broker {config.mqtt.host}:{config.mqtt.port}, {len(config.sources)} sources.")
        return config
    broker, credentials = _ask_broker(env.values)
    pages = _ask_pages()
    controller = _ask_controller() if pages.get("secure_cookies") else {}
    env.add(credentials)
    write_whole(path, config_text(broker, pages, controller))
    say(f"{path}: written.")
    return load_config(path)


def _ask_broker(known: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The section `mqtt`, and the credentials. A broker that does not answer is asked for again, if wanted."""
    say("The broker, such as Mosquitto, that access points and engine reach.")
    said: dict[str, Any] = {"host": "127.0.0.1", "port": 1883}
    while True:
        said = {"host": ask("Broker's host", _host, said["host"]), "port": ask("Port", _port, str(said["port"]))}
        if said["port"] == 8883 or said["host"] not in ("127.0.0.1", "localhost"):
            said |= {"tls": True} if ask_yes("TLS", default=said["port"] == 8883) else {}
        credentials = _ask_credentials(known)
        try:
            with subscribe(MqttConfig(**said), None, {**known, **credentials}, ANSWER_S):
                say("It answers.")
            return said, credentials
        except OperatorError as error:
            for problem in error.problems:
                say(f"  {problem.place}: {problem.reason} ({problem.fix})")
        if not ask_yes("Ask for the broker again (no: go on with this one)", default=True):
            return said, credentials


def _ask_credentials(known: Mapping[str, str]) -> dict[str, str]:
    if USERNAME in known:
        say(f"User and password: those of {USERNAME}, as the secrets' file has them.")
        return {}
    user = ask("User at the broker (empty: none)", lambda text: plain_secret(text) if text else "")
    return {USERNAME: user, PASSWORD: ask("Password", plain_secret, hidden=True)} if user else {}


def _ask_pages() -> dict[str, Any]:
    url = ask("Address of the pages for phones, such as https://rayon.example (empty: none yet)", _address)
    port = ask("Port that the pages listen on here", _port, "8000")
    said: dict[str, Any] = {"host": "127.0.0.1", "port": port}
    if url:
        said["public_url"] = url
        said |= {"secure_cookies": True} if url.startswith("https://") else {}
    return said


def _ask_controller() -> dict[str, Any]:
    """Who is responsible: a site behind HTTPS says it on every sign-in page, and does not start without it."""
    say("Who is responsible for visitors' data: every sign-in page has to say it. Rayon starts once all four are said.")
    asked = {
        "name": "Full name of the company or person (empty: later)",
        "address": "Postal address (empty: later)",
        "email": "E-mail for visitors' questions (empty: later)",
        "dpo_email": "E-mail of the data protection officer, or of whoever answers for it (empty: later)",
    }
    said = {key: ask(question, _email if key.endswith("email") else _words) for key, question in asked.items()}
    return {key: answer for key, answer in said.items() if answer}


def _words(text: str) -> str:
    if len(text) > 200 or not all(letter.isprintable() for letter in text):
        raise WrongAnswer("one line of at most 200 letters, or nothing")
    return text.strip()


def _email(text: str) -> str:
    if text and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", text):
        raise WrongAnswer("an address, such as privacy@example.org, or nothing")
    return text


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise WrongAnswer("a name or an address alone, such as 192.168.1.5")
    return text


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise WrongAnswer("a number from 1 to 65535")
    return int(text)


def _address(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise WrongAnswer("an address that begins with https://, or nothing")
    return text.rstrip("/")
