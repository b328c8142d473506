"""The TLS side of a broker connection: certificate and host name are always verified."""

from __future__ import annotations

import ssl
import weakref
from typing import Any

from engine.errors import OperatorError, Problem
from engine.ingest.mqtt.broker import Broker


class TlsContext(ssl.SSLContext):
    """Remembers the socket it wrapped last: paho leaves it open when the handshake fails."""

    _wrapped: weakref.ref[ssl.SSLSocket] | None = None

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """As its parent's."""
        wrapped = super().wrap_socket(*args, **kwargs)
        self._wrapped = weakref.ref(wrapped)
        return wrapped

    def abandon(self) -> None:
        """Closes the socket wrapped last."""
        wrapped = self._wrapped() if self._wrapped else None
        if wrapped is not None:
            wrapped.close()


def tls_context(broker: Broker) -> TlsContext | None:
    """The context for `broker`, None where it speaks plain TCP. Raises OperatorError for unusable certificate files."""
    if not broker.tls:
        return None
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    problems = []
    try:
        if broker.tls_ca_file:
            context.load_verify_locations(broker.tls_ca_file)
        else:
            context.load_default_certs()
    except OSError as error:
        problems.append(_problem("mqtt.tls_ca_file", broker.tls_ca_file, error))
    if broker.tls_cert_file:
        try:
            context.load_cert_chain(broker.tls_cert_file, broker.tls_key_file)
        except OSError as error:
            problems.append(_problem("mqtt.tls_cert_file", broker.tls_cert_file, error))
    if problems:
        raise OperatorError(problems)
    return context


def _problem(place: str, path: object, error: OSError) -> Problem:
    return Problem(str(path), place, f"not usable: {error.strerror or error}", "a readable PEM file")
