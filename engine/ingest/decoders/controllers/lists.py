"""Lists of clients that controllers answer with: the few fields that are read of each, out of fifty."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import checked_size, json_value
from engine.ingest.decoders.loose import as_list, fields
from engine.vocabulary import RecordRefusal

Client = TypeVar("Client", bound=msgspec.Struct)
Envelope = TypeVar("Envelope", bound=msgspec.Struct)

NULL = msgspec.Raw(b"null")


class ClientLists(Generic[Envelope, Client]):
    """Reads answers of one kind of controller.

    The fields of both structs are `Any`, so that a value of another type costs its record and not the answer, and `Raw`
    where a list is; fields that the structs do not have are skipped unread, which makes it quick.
    """

    def __init__(self, envelope: type[Envelope], client: type[Client]) -> None:
        self._client = client
        self._envelopes = msgspec.json.Decoder(envelope)
        self._names = [field.encode_name for field in msgspec.structs.fields(client)]
        self._lists = msgspec.json.Decoder(list[client])  # type: ignore[valid-type]

    def envelope(self, body: bytes) -> Envelope:
        """The object around a list. Raises MessageRefused: `not_json`, `bad_shape`, `too_large`."""
        try:
            return self._envelopes.decode(checked_size(body))
        except msgspec.ValidationError:
            raise MessageRefused(RecordRefusal.BAD_SHAPE, "no object where one should be") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        found = json_value(body)
        if not isinstance(found, dict):
            raise MessageRefused(RecordRefusal.BAD_SHAPE, "no object where one should be")
        try:
            return self._envelopes.decode(msgspec.json.encode(found))  # which writes NaN as null
        except (msgspec.MsgspecError, OverflowError, UnicodeError, RecursionError):
            raise MessageRefused(RecordRefusal.NOT_JSON, "numbers or texts that no JSON holds") from None

    def clients(self, body: bytes | msgspec.Raw) -> list[Any]:
        """A list of clients; what is no object in it stays as it is, for `client` to refuse. One is a list of one.
        Raises MessageRefused: `not_json`, `bad_shape`, `too_large`."""
        body = bytes(body)
        try:
            return self._lists.decode(checked_size(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return as_list(json_value(body))

    def client(self, record: Any) -> Client:
        """One client. Raises RecordUnusable, `bad_shape`."""
        if isinstance(record, self._client):
            return record
        said = fields(record)
        return self._client(*(said.get(name) for name in self._names))


def is_list(body: bytes) -> bool:
    """Whether a JSON body is a list, without reading it."""
    return body[:64].lstrip()[:1] == b"["
