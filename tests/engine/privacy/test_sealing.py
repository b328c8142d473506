"""What is sealed can be read with the key of its day, by its store, unchanged; and by nobody afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.privacy.day_keys import GRACE_S, DerivedKeys, KeyFile
from engine.privacy.nights import SaltDay
from engine.privacy.sealing import Seal, Sealed

TODAY, TOMORROW = SaltDay(1_800_000_000, 1_800_086_400), SaltDay(1_800_086_400, 1_800_172_800)
PLAIN = b"a phone stood at the cheese" * 20


def test_what_is_sealed_comes_back_and_says_nothing(tmp_path: Path) -> None:
    sealed = Seal("corner", KeyFile(tmp_path)).close(PLAIN, TODAY)
    assert b"cheese" not in sealed
    assert Seal("corner", KeyFile(tmp_path)).open(sealed) == PLAIN, "another process has the same file"
    assert Seal("corner", KeyFile(tmp_path)).close(PLAIN, TODAY) != sealed


def test_its_bytes_are_a_mark_the_day_a_nonce_of_96_bits_and_what_gcm_makes(tmp_path: Path) -> None:
    """What one release sealed, the next one opens. 96 bits is what NIST SP 800-38D, 5.2.1.1, asks of a nonce."""
    keys = KeyFile(tmp_path)
    sealed = Seal("corner", keys).close(PLAIN, TODAY)
    assert sealed[:11] == b"RS1" + TODAY.begins_at.to_bytes(8, "big")
    key = keys.find("corner", TODAY.begins_at)
    assert key is not None
    assert AESGCM(key).decrypt(sealed[11:23], sealed[23:], sealed[:11] + b"corner") == PLAIN


@pytest.mark.parametrize("at", [0, 5, 11, 20, 60, -1])
def test_a_changed_byte_is_found(at: int, tmp_path: Path) -> None:
    seal = Seal("corner", KeyFile(tmp_path))
    sealed = bytearray(seal.close(PLAIN, TODAY))
    sealed[at] ^= 1
    if at == 0:
        assert seal.open(bytes(sealed)) != PLAIN, "not sealed at all: its reader refuses it"
        return
    with pytest.raises(Sealed):
        seal.open(bytes(sealed))


def test_another_store_cannot_open_it(tmp_path: Path) -> None:
    keys = DerivedKeys(b"0123456789abcdef")
    sealed = Seal("corner", keys).close(PLAIN, TODAY)
    with pytest.raises(Sealed, match="damaged"):
        Seal("other", keys).open(sealed)


def test_with_the_key_goes_what_was_sealed(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    seal = Seal("corner", keys)
    old, new = seal.close(PLAIN, TODAY), seal.close(PLAIN, TOMORROW)
    assert (seal.open(old), seal.open(new)) == (PLAIN, PLAIN), "both live until the new one is on disk"
    hex_of_old = keys.key("corner", TODAY).hex()
    assert seal.destroy_others(TOMORROW) == 1
    with pytest.raises(Sealed, match="gone"):
        seal.open(old)
    assert seal.open(new) == PLAIN
    assert hex_of_old not in (tmp_path / "day-keys.json").read_text()


def test_keys_of_an_engine_that_stopped_die_as_well(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    keys.key("corner", TODAY)
    keys.key("other", TOMORROW)
    assert keys.destroy_ended(TODAY.ends_at + GRACE_S - 1) == 0
    assert keys.destroy_ended(TODAY.ends_at + GRACE_S) == 1
    assert keys.find("corner", TODAY.begins_at) is None
    assert keys.find("other", TOMORROW.begins_at) is not None
    assert (tmp_path / "day-keys.json").stat().st_mode & 0o777 == 0o600


def test_what_was_never_sealed_is_as_it_is_and_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path)
    seal = Seal("corner", keys)
    assert [seal.open(old) for old in (b"", b"RS", b"RS2 of another kind")] == [b"", b"RS", b"RS2 of another kind"]
    with pytest.raises(Sealed, match=r"^the key of its day is gone$") as gone:
        seal.open(b"RS1" + (77).to_bytes(8, "big") + b"x" * 40)
    assert (gone.value.gone, gone.value.begun_at) == (True, 77)
    sealed = seal.close(PLAIN, TODAY)
    for cut in (sealed[:11], sealed[:22], sealed[:23], sealed[:-1]):
        with pytest.raises(Sealed, match=r"^damaged: it is not what was sealed$") as damaged:
            seal.open(cut)
        assert (damaged.value.gone, damaged.value.begun_at) == (False, TODAY.begins_at)
