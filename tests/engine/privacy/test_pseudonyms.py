"""Pseudonyms: one per device whatever the spelling, another every day, the same for ever only with consent."""

from __future__ import annotations

import hmac

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.privacy.nights import Nights
from engine.privacy.pseudonyms import BACK_S, NOT_A_MAC, OPTED_OUT, SINGLE_MAX, Pseudonyms, normal_mac

KEY = b"a secret of this site only"
MAC = "aa:bb:cc:00:00:01"
DAY_S = 86_400
SPELLINGS = ["aa:bb:cc:00:00:01", "AA-BB-CC-00-00-01", "aabb.cc00.0001", "AABBCC000001", " aa:bb:cc:00:00:01 "]
NOT_MACS = [
    "",
    "aa:bb:cc:00:00",
    "aa:bb:cc:00:00:0g",
    "aa:bb-cc:00:00:01",
    "aabbcc0000011",
    "ap-1",
    "x" * 10_000,
    "٣" * 12,
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_every_spelling_is_the_same_mac(text: str) -> None:
    assert normal_mac(text) == "aabbcc000001"


@pytest.mark.parametrize("text", NOT_MACS)
def test_what_is_no_mac_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a MAC address$"):
        normal_mac(text)


def test_spellings_share_one_pseudonym() -> None:
    pseudonym = Pseudonyms(KEY)
    assert len({pseudonym(text) for text in SPELLINGS}) == 1


def test_a_pseudonym_is_the_first_64_bits_of_the_hmac_under_the_salt_of_the_day() -> None:
    day = 20_000
    salt_key = hmac.digest(KEY, b"rayon salt of the day", "sha256")
    salt = hmac.digest(salt_key, str(day * DAY_S).encode(), "sha256")
    expected = int.from_bytes(hmac.digest(salt, b"aabbcc000001", "sha256")[:8], "big")
    assert Pseudonyms(KEY, day * DAY_S + 5.0)(MAC) == expected


def test_without_consent_tomorrow_is_another_device() -> None:
    pseudonym = Pseudonyms(KEY, 10.0)
    today = pseudonym(MAC)
    pseudonym.start_day(DAY_S - 1.0)
    assert pseudonym(MAC) == today
    pseudonym.start_day(float(DAY_S))
    assert pseudonym(MAC) != today


def test_with_consent_every_day_is_the_same_device_until_it_is_withdrawn() -> None:
    pseudonym = Pseudonyms(KEY, 10.0)
    daily = pseudonym(MAC)
    stable = pseudonym.stable(MAC)
    assert stable != daily
    pseudonym.refresh({int(stable)})
    assert pseudonym(MAC) == stable
    pseudonym.start_day(3.5 * DAY_S)
    assert pseudonym(MAC) == stable
    pseudonym.refresh(set())
    pseudonym.start_day(10.0)
    assert pseudonym(MAC) == daily


def test_at_the_turn_the_remembered_get_their_new_names_once() -> None:
    pseudonym = Pseudonyms(KEY, 10.0)
    stable = pseudonym.stable("aa:bb:cc:00:00:02")
    pseudonym.refresh({int(stable)})
    old = pseudonym.many([MAC, "AA-BB-CC-00-00-01", "aa:bb:cc:00:00:02"]).tolist()
    assert pseudonym.start_day(DAY_S - 1.0) == {}
    names = pseudonym.start_day(float(DAY_S))
    assert names == {old[0]: pseudonym(MAC)}, "both spellings are one device, and who consented keeps the name"
    assert pseudonym.start_day(DAY_S + 1.0) == {}


def test_after_a_day_of_absence_nobody_is_carried_over() -> None:
    pseudonym = Pseudonyms(KEY, 10.0)
    pseudonym(MAC)
    assert pseudonym.start_day(2.5 * DAY_S) == {}


def test_a_clock_that_is_put_back_a_little_does_not_bring_yesterday_back() -> None:
    pseudonym = Pseudonyms(KEY, 10.0)
    yesterday = pseudonym(MAC)
    pseudonym.start_day(DAY_S + 5.0)
    today = pseudonym(MAC)
    for back in (DAY_S - 1.0, DAY_S - float(BACK_S)):
        pseudonym.start_day(back)
        assert pseudonym(MAC) == today
    pseudonym.start_day(DAY_S - BACK_S - 1.0)
    assert pseudonym(MAC) == yesterday, "derived salts come back; kept ones are made anew"


def test_each_store_has_its_own_night() -> None:
    auckland = Pseudonyms(KEY, 10.0, nights=Nights("Pacific/Auckland", "04:00"))
    today = auckland(MAC)
    auckland.start_day(3600.0 * 15.9)
    assert auckland(MAC) == today
    auckland.start_day(3600.0 * 16.0)  # 4 h in the night there, 12 hours ahead
    assert auckland(MAC) != today


def test_a_claimed_phone_stays_daily_and_is_found() -> None:
    pseudonym = Pseudonyms(KEY, 1000.0)
    daily, stable = pseudonym(MAC), pseudonym.stable(MAC)
    pseudonym.watch([stable])
    assert pseudonym.goes_as == {}  # not heard since
    assert pseudonym(MAC) == daily
    assert pseudonym.goes_as == {stable: daily}
    pseudonym.refresh({int(stable)})
    assert pseudonym(MAC) == stable
    assert pseudonym.goes_as == {stable: stable}
    pseudonym.watch([])
    assert pseudonym.goes_as == {}


def test_another_site_shares_nothing() -> None:
    here, there = Pseudonyms(KEY), Pseudonyms(KEY + b"!")
    assert here(MAC) != there(MAC)
    assert here.stable(MAC) != there.stable(MAC)


def test_a_batch_is_what_its_members_are_one_by_one() -> None:
    pseudonym = Pseudonyms(KEY, 10.0)
    macs = [f"aa:bb:cc:00:00:{i:02x}" for i in (1, 2, 3, 2, 1)]
    consented = pseudonym.stable(macs[1])
    pseudonym.refresh([int(consented)])
    batch = pseudonym.many(macs)
    assert batch.dtype == np.uint64
    assert batch.tolist() == [pseudonym(mac) for mac in macs]
    assert batch[1] == batch[3] == consented


def test_a_batch_marks_what_is_no_mac() -> None:
    batch = Pseudonyms(KEY).many([MAC, "ap-1", "", MAC])
    assert batch.tolist()[1:3] == [NOT_A_MAC, NOT_A_MAC]
    assert batch[0] == batch[3] != NOT_A_MAC


def test_memory_is_bounded_and_forgetting_changes_nothing() -> None:
    pseudonym = Pseudonyms(KEY, memo_size=8)
    macs = [f"aa:bb:cc:00:{i // 256:02x}:{i % 256:02x}" for i in range(500)]
    first = pseudonym.many(macs)
    for start in range(0, 500, 7):
        pseudonym.many(macs[start : start + 7])
        assert len(pseudonym._memo) <= 8
    assert pseudonym.many(macs).tolist() == first.tolist()
    assert len(set(first.tolist())) == 500


def test_texts_that_are_no_macs_are_not_remembered() -> None:
    pseudonym = Pseudonyms(KEY)
    pseudonym.many([f"junk {i}" for i in range(100)])
    assert len(pseudonym._memo) == 0


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Pseudonyms(b"short")


def test_no_key_and_no_mac_in_the_repr() -> None:
    pseudonym = Pseudonyms(KEY)
    pseudonym(MAC)
    assert "secret" not in repr(pseudonym)
    assert "aa:bb" not in repr(pseudonym)


@given(st.lists(st.binary(min_size=6, max_size=6), max_size=30))
def test_equal_macs_and_only_they_share_a_pseudonym(raw: list[bytes]) -> None:
    batch = Pseudonyms(KEY).many([mac.hex(":") for mac in raw])
    assert len(set(batch.tolist())) == len(set(raw))


OTHER = "aa:bb:cc:00:00:02"


def test_who_opted_out_goes_by_the_one_name_of_all_of_them() -> None:
    pseudonym = Pseudonyms(KEY, 1000.0)
    daily, stable = pseudonym(MAC), pseudonym.stable(MAC)
    assert pseudonym.leave_out([]) == frozenset()
    assert pseudonym.leave_out([stable]) == {daily, stable}, "whatever was kept under its names is to be let go"
    assert OPTED_OUT == 0xFFFF_FFFF_FFFF_FFFF
    assert pseudonym.many([MAC, OTHER]).tolist() == [OPTED_OUT, int(pseudonym(OTHER))]
    assert pseudonym.leave_out([stable]) == frozenset(), "nobody is new"
    other = pseudonym.stable(OTHER)
    pseudonym.many([OTHER])
    assert pseudonym.leave_out([stable, other]) == {Pseudonyms(KEY, 1000.0)(OTHER), other}, "of who is new alone"


def test_an_opt_out_that_is_taken_back_ends() -> None:
    pseudonym = Pseudonyms(KEY, 1000.0)
    daily, stable = pseudonym(MAC), pseudonym.stable(MAC)
    pseudonym.leave_out([stable])
    assert pseudonym(MAC) == OPTED_OUT
    assert pseudonym.leave_out([]) == frozenset(), "that is nobody to let go"
    assert pseudonym(MAC) == daily


def test_who_opted_out_and_consents_is_left_out_and_who_claims_a_phone_is_not() -> None:
    pseudonym = Pseudonyms(KEY, 1000.0)
    daily, stable = pseudonym(MAC), pseudonym.stable(MAC)
    pseudonym.refresh([stable])
    pseudonym.leave_out([stable])
    assert pseudonym(MAC) == OPTED_OUT
    pseudonym.watch([stable])
    assert pseudonym(MAC) == stable
    pseudonym.refresh([])
    assert pseudonym(MAC) == daily


def test_stable_names_are_of_those_asked_for_alone_since_the_salt_turned() -> None:
    pseudonym = Pseudonyms(KEY, 10.0)
    daily = pseudonym(MAC)
    assert pseudonym.stable_name(daily) == pseudonym.stable(MAC)
    [batch] = pseudonym.many([OTHER])
    assert pseudonym.stable_name(batch) is None
    pseudonym.start_day(float(DAY_S))
    assert pseudonym.stable_name(daily) is None


def test_stable_names_at_hand_are_bounded() -> None:
    pseudonym = Pseudonyms(KEY)
    pseudonym._stable_names.update(dict.fromkeys(range(SINGLE_MAX - 1), pseudonym.stable(OTHER)))
    first = pseudonym(MAC)
    assert len(pseudonym._stable_names) == SINGLE_MAX == 10_000
    last = pseudonym(OTHER)
    assert (pseudonym.stable_name(first), pseudonym.stable_name(last)) == (None, pseudonym.stable(OTHER))


def test_watching_fewer_forgets_only_them() -> None:
    pseudonym = Pseudonyms(KEY, 10.0)
    both = [pseudonym.stable(MAC), pseudonym.stable(OTHER)]
    pseudonym.watch(both)
    daily = pseudonym(OTHER)
    pseudonym(MAC)
    pseudonym.watch(both[1:])
    assert pseudonym.goes_as == {both[1]: daily}


def test_a_quarter_of_what_is_remembered_goes_at_once_the_oldest_first() -> None:
    pseudonym = Pseudonyms(KEY, memo_size=8)
    macs = [f"aa:bb:cc:00:00:{i:02x}" for i in range(10)]
    for mac in macs[:9]:
        pseudonym.many([mac])
    assert list(pseudonym._memo) == macs[2:9]
    pseudonym.many(macs[9:])
    assert list(pseudonym._memo) == macs[2:]


@pytest.mark.parametrize(("key", "fits"), [(b"k" * 15, False), (b"k" * 16, True)])
def test_a_key_has_sixteen_bytes(key: bytes, fits: bool) -> None:
    if fits:
        Pseudonyms(key)
    else:
        with pytest.raises(ValueError, match="fewer than 16 bytes"):
            Pseudonyms(key)


def test_at_the_turn_stable_and_left_out_names_are_no_new_ones() -> None:
    pseudonym = Pseudonyms(KEY, 10.0)
    pseudonym.leave_out([pseudonym.stable(OTHER)])
    daily = int(pseudonym.many([MAC, OTHER])[0])
    assert pseudonym.start_day(float(DAY_S)) == {daily: pseudonym(MAC)}
