"""What a connection to a broker is for, as the link that holds it sees it."""

from __future__ import annotations

from typing import Protocol

from paho.mqtt.client import Client, MQTTMessage


class Traffic(Protocol):
    """What a connection is for. Every method is called in the link's thread."""

    def on_open(self, client: Client, connection: int, session_present: bool) -> None:
        """A connection (numbered from 1) stands."""

    def on_message(self, message: MQTTMessage) -> None:
        """A message arrived."""

    def on_publish(self, mid: int, refusal: str) -> None:
        """The broker took charge of what we published under `mid`, or says why it does not."""

    def turn(self, client: Client) -> None:
        """Once per turn of the loop and after every wake: hand paho what is to be sent."""

    def may_read(self) -> bool:
        """False holds the broker back."""

    def is_stalled(self) -> bool:
        """True gives the connection up: nothing was consumed for so long that the broker would soon do it."""

    def on_close(self) -> None:
        """The connection is gone, and with it everything that was not acknowledged."""
