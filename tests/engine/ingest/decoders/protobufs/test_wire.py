"""The wire format of protocol buffers: what is written is read, and what is cut, endless or odd is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MessageRefused
from engine.ingest.decoders.protobufs import wire
from simulators.wires.vendors.protobuf import chunk, float_32, float_64, integer, varint, zigzag
from tests.examples import examples

INT32 = st.integers(-(2**31), 2**31 - 1)


@given(INT32)
@examples(200)
def test_signed_numbers_are_read_as_they_were_written(value: int) -> None:
    fields = wire.parse(integer(1, value) + zigzag(2, value))
    assert (wire.int32(fields, 1), wire.sint32(fields, 2)) == (value, value)


@given(st.integers(0, 2**64 - 1))
@examples(200)
def test_unsigned_numbers_are_read_as_they_were_written(value: int) -> None:
    assert wire.read_unsigned(wire.parse(integer(3, value)), 3) == value


def test_floats_texts_bytes_and_messages_are_read() -> None:
    fields = wire.parse(
        float_32(1, 1.5) + float_64(2, -2.25) + chunk(3, "é") + chunk(4, b"\0\1") + chunk(5, integer(1, 7))
    )
    assert [wire.real(fields, number) for number in (1, 2)] == [1.5, -2.25]
    assert wire.string(fields, 3) == "é"
    assert wire.raw(fields, 4) == b"\0\1"
    inside = wire.message(fields, 5)
    assert inside is not None
    assert wire.read_unsigned(inside, 1) == 7


def test_what_is_absent_is_none_or_empty() -> None:
    fields = wire.parse(b"")
    assert (
        wire.read_unsigned(fields, 1) is wire.int32(fields, 1) is wire.sint32(fields, 1) is wire.real(fields, 1) is None
    )
    assert wire.message(fields, 1) is None
    assert (wire.raw(fields, 1), wire.string(fields, 1), wire.messages(fields, 1)) == (b"", "", [])


def test_of_a_field_that_comes_twice_the_last_counts() -> None:
    fields = wire.parse(integer(1, 5) + chunk(2, "a") + integer(1, 6) + chunk(2, "b"))
    assert (wire.read_unsigned(fields, 1), wire.string(fields, 2)) == (6, "b")


def test_a_field_of_another_kind_is_not_there() -> None:
    fields = wire.parse(chunk(1, "x") + integer(2, 1) + integer(3, 1))
    assert wire.read_unsigned(fields, 1) is None
    assert wire.raw(fields, 2) == b""
    assert wire.real(fields, 3) is None


def test_enums_are_read_packed_and_one_by_one() -> None:
    assert wire.enums(wire.parse(integer(2, 16) + integer(2, 0)), 2) == [16, 0]
    assert wire.enums(wire.parse(chunk(2, varint(16) + varint(300))), 2) == [16, 300]


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a",  # a length that is not there
        b"\x0a\x05abc",  # fewer bytes than told
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # more bytes than there are in the world
        b"\x08" + b"\x80" * 11,  # a number that does not end
        b"\x08\x80",  # a number that is cut
        b"\x00\x01",  # field 0
        b"\x0b\x0c",  # a group
        b"\x0f",  # no kind of field
        b"\x09\x00\x00",  # a double that is cut
    ],
)
def test_what_is_no_protobuf_is_refused(body: bytes) -> None:
    with pytest.raises(MessageRefused) as refused:
        wire.parse(body)
    assert refused.value.reason == "not_protobuf"


@given(st.binary(max_size=300))
@examples(500)
def test_any_bytes_are_fields_or_refused(body: bytes) -> None:
    try:
        fields = wire.parse(body)
    except MessageRefused:
        return
    assert sum(len(values) for values in fields.values()) <= len(body)


def test_a_message_of_nothing_but_tiny_fields_ends() -> None:
    with pytest.raises(MessageRefused, match="more fields"):
        wire.parse(integer(1, 0) * 200_001)
