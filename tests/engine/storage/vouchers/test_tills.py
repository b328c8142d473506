"""The till: once means once, whoever asks, however often, however many at the same moment."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import NotFound
from engine.offers.codes import voucher_code
from engine.storage.database import Database
from engine.storage.models.vouchers import VoucherTable
from engine.storage.vouchers.campaigns import get_campaign, put_campaign
from engine.storage.vouchers.tills import KeyReused, Redemption, VoucherRefused, check_voucher, redeem, void
from engine.storage.vouchers.vouchers import expire_unredeemed, voucher_of, vouchers_of
from tests.engine.storage.scenes import NOW, SECRET, STORE, at_once, basket, campaign, issue, shopper, voucher


def use(
    db: Database, code: str, key: str = "k1", *, till: str = "till-1", at: float = NOW + 60, **kw: Any
) -> Redemption:
    return redeem(db, code, kw.get("basket", basket()), kw.get("store", STORE), till, key, at, secret=SECRET)


def spent(db: Database) -> tuple[int, int]:
    stored = get_campaign(db, STORE, "apples")
    return stored.vouchers_used, stored.amount_used_minor


def test_a_voucher_is_used_once(db: Database) -> None:
    who, voucher_id, code = voucher(db)
    first = use(db, code)
    assert (first.state, first.discount_minor, first.line_minor, first.basket_minor) == ("redeemed", 50, (50,), 250)
    assert voucher_of(db, voucher_id, who.shopper_id).voucher.state == "redeemed"
    with pytest.raises(VoucherRefused) as refused:
        use(db, code, "k2")
    assert (refused.value.code, refused.value.status) == ("voucher_redeemed", 409)


def test_the_same_key_gives_the_first_answer_again(db: Database) -> None:
    _, _, code = voucher(db)
    first = use(db, code)
    assert use(db, code, at=NOW + 90) == first
    assert use(db, f" {code[:4].lower()}-{code[4:8]} {code[8:]} ", at=NOW + 90) == first  # the same code, typed by hand
    assert spent(db) == (1, 50)


def test_the_same_key_with_another_basket_or_code_is_an_error(db: Database) -> None:
    _, _, code = voucher(db)
    other = voucher_code(SECRET, issue(db, shopper(db).shopper_id, name="d2"))
    use(db, code)
    with pytest.raises(KeyReused):
        use(db, code, basket=basket(("A1", 2, 250)))
    with pytest.raises(KeyReused):
        use(db, other)
    with pytest.raises(KeyReused):
        use(db, "0000 0000 0000")
    assert use(db, other, till="till-2").state == "redeemed"  # keys are each till's own


@pytest.mark.parametrize("code", ["", "nonsense", "0000 0000 0000", "Z" * 12, "' OR 1=1 --"])
def test_unknown_codes_all_get_one_answer(db: Database, code: str) -> None:
    voucher(db)
    with pytest.raises(NotFound) as refused:
        use(db, code)
    assert (refused.value.code, refused.value.status) == ("voucher_unknown", 404)
    assert check_voucher(db, code, basket(), STORE, NOW, secret=SECRET).reason == "unknown"


def test_another_stores_voucher_is_unknown_in_the_same_words(db: Database) -> None:
    _, _, code = voucher(db)
    wrong = check_voucher(db, "0000 0000 0000", basket(), STORE, NOW, secret=SECRET)
    assert check_voucher(db, code, basket(), "elsewhere", NOW, secret=SECRET) == wrong
    with pytest.raises(NotFound) as foreign:
        use(db, code, store="elsewhere")
    with pytest.raises(NotFound) as unknown:
        use(db, "0000 0000 0000")
    assert (str(foreign.value), foreign.value.code) == (str(unknown.value), unknown.value.code)


def test_another_secret_opens_nothing(db: Database) -> None:
    _, _, code = voucher(db)
    with pytest.raises(NotFound):
        redeem(db, code, basket(), STORE, "till-1", "k1", NOW, secret=b"another secret")


def test_no_table_holds_the_code(db: Database) -> None:
    _, voucher_id, code = voucher(db)
    use(db, code)
    with db.read() as session:
        row = session.get_one(VoucherTable, voucher_id)
        assert code not in repr(row.model_dump())
        assert len(row.code_hmac) == 64


def test_a_check_has_no_effect_and_says_what_redeem_does(db: Database) -> None:
    _, voucher_id, code = voucher(db)
    for _ in range(3):
        seen = check_voucher(db, code, basket(("B2", 1, 999), ("A1", 3, 250)), STORE, NOW + 1, secret=SECRET)
    assert (seen.ok, seen.reason, seen.discount_minor, seen.line_minor) == (True, "ok", 50, (0, 50))
    assert seen.voucher_id == voucher_id
    assert use(db, code, basket=basket(("B2", 1, 999), ("A1", 3, 250))).line_minor == (0, 50)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (basket(("B2", 1, 250)), "not_in_basket"),
        (basket(("A1", 1, 250), currency="CHF"), "currency"),
        (basket(("A1", 1, 1)), "too_few"),  # a fifth of a cent is nothing
    ],
)
def test_a_basket_it_does_nothing_to(db: Database, asked: Any, reason: str) -> None:
    _, _, code = voucher(db)
    assert check_voucher(db, code, asked, STORE, NOW, secret=SECRET).reason == reason
    with pytest.raises(VoucherRefused) as refused:
        use(db, code, basket=asked)
    assert refused.value.code == f"voucher_{reason}"
    assert use(db, code, "k2").state == "redeemed"  # a no costs nothing


def test_validity_ends_to_the_second(db: Database) -> None:
    _, _, code = voucher(db, valid_s=600.0)
    assert check_voucher(db, code, basket(), STORE, NOW + 599.9, secret=SECRET).ok
    assert check_voucher(db, code, basket(), STORE, NOW + 600, secret=SECRET).reason == "expired"
    with pytest.raises(VoucherRefused, match="expired"):
        use(db, code, at=NOW + 600)


def test_unredeemed_vouchers_end_and_give_their_amount_back_but_not_their_slot(db: Database) -> None:
    voucher(db, valid_s=600.0)
    assert spent(db) == (1, 50)
    assert expire_unredeemed(db, NOW + 599) == 0
    assert expire_unredeemed(db, NOW + 600) == 1
    assert expire_unredeemed(db, NOW + 700) == 0
    assert spent(db) == (1, 0)


def test_a_budget_binds_the_till_too(db: Database) -> None:
    """The plan said 250; the till sells at 900. With an amount budget, no more than what was reserved comes off."""
    _, _, code = voucher(db, budget={"max_amount_minor": 1000})
    assert use(db, code, basket=basket(("A1", 1, 900))).discount_minor == 50
    assert spent(db) == (1, 50)


def test_without_a_budget_the_shopper_gets_the_share_promised(db: Database) -> None:
    _, _, code = voucher(db)
    assert use(db, code, basket=basket(("A1", 1, 900))).discount_minor == 180
    assert spent(db) == (1, 180)


def test_void_reverses_once_and_says_the_same_again(db: Database) -> None:
    who, voucher_id, code = voucher(db)
    done = use(db, code, basket=basket(("A1", 1, 200)))
    assert spent(db) == (1, 40)
    undone = void(db, done.redemption_id, NOW + 100)
    assert (undone.state, undone.voided_at) == ("voided", NOW + 100)
    assert void(db, done.redemption_id, NOW + 200) == undone
    assert spent(db) == (1, 50)  # reserved again, as before
    assert voucher_of(db, voucher_id, who.shopper_id).voucher.state == "issued"
    again = use(db, code, "k2")
    assert again.redemption_id != done.redemption_id
    assert use(db, code, basket=basket(("A1", 1, 200))).state == "voided"  # the old key tells the old story's end
    with pytest.raises(VoucherRefused):
        use(db, code, "k3")


def test_void_after_the_validity_reserves_nothing(db: Database) -> None:
    who, voucher_id, code = voucher(db, valid_s=600.0)
    done = use(db, code)
    void(db, done.redemption_id, NOW + 600)
    assert spent(db) == (1, 0)
    assert voucher_of(db, voucher_id, who.shopper_id).voucher.state == "expired"


def test_void_of_the_unknown_or_of_another_store(db: Database) -> None:
    _, _, code = voucher(db)
    done = use(db, code)
    with pytest.raises(NotFound):
        void(db, "feedbeef", NOW)
    with pytest.raises(NotFound):
        void(db, done.redemption_id, NOW, stores=["elsewhere"])
    assert void(db, done.redemption_id, NOW + 1, stores=[STORE]).state == "voided"


def test_reading_vouchers_is_by_owner_and_by_page(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    mine, other = shopper(db), shopper(db)
    ids = [issue(db, mine.shopper_id, visit=f"v{i}", name=f"d{i}", at=NOW + i) for i in range(5)]
    foreign = issue(db, other.shopper_id, name="x")
    first = vouchers_of(db, mine.shopper_id, limit=3)
    rest = vouchers_of(db, mine.shopper_id, after=first[-1].voucher.voucher_id, limit=3)
    assert [v.voucher.voucher_id for v in first + rest] == ids[::-1]
    with pytest.raises(NotFound):
        voucher_of(db, foreign, mine.shopper_id)
    with pytest.raises(NotFound):
        vouchers_of(db, mine.shopper_id, after=foreign)


def test_of_many_redeems_at_once_exactly_one_succeeds(db: Database) -> None:
    """A thousand, of tills and the e-shop: `test_web`."""
    _, _, code = voucher(db)
    n = 200
    said = at_once(n, lambda i: use(db, code, f"k{i}", till=f"till-{i % 7}").state)
    assert said == {"redeemed": 1, "voucher_redeemed": n - 1}
    assert spent(db) == (1, 50)


def test_a_voucher_for_k_uses_is_used_exactly_k_times(db: Database) -> None:
    k, n = 7, 60
    _, voucher_id, code = voucher(db)
    with db.write() as session:
        row = session.get_one(VoucherTable, voucher_id)
        row.max_uses, row.reserved_minor = k, k * row.worth_minor
    said = at_once(n, lambda i: use(db, code, f"k{i}").state)
    assert said == {"redeemed": k, "voucher_redeemed": n - k}


def test_one_key_many_times_at_once_is_one_redemption(db: Database) -> None:
    _, _, code = voucher(db)
    said = at_once(50, lambda _: use(db, code, "same").redemption_id)
    assert len(said) == 1
    assert sum(said.values()) == 50
    assert spent(db) == (1, 50)


def test_one_key_on_two_vouchers_at_once(db: Database) -> None:
    """The race on the unique key ends in a read: one is redeemed, the other told that the key is taken."""
    _, _, code = voucher(db)
    other = voucher_code(SECRET, issue(db, shopper(db).shopper_id, name="d2"))
    said = at_once(20, lambda i: use(db, (code, other)[i % 2], "same").state)
    assert said == {"redeemed": 10, "idempotency_key_reused": 10}


def test_many_voids_at_once_reverse_once(db: Database) -> None:
    _, _, code = voucher(db)
    done = use(db, code)
    said = at_once(40, lambda i: void(db, done.redemption_id, NOW + 100 + i).voided_at)
    assert len(said) == 1
    assert spent(db) == (1, 50)


def test_redeem_and_void_at_once_leave_the_books_right(db: Database) -> None:
    """Whatever the order, spending is the sum of what stands: reserved while usable, the discount while redeemed."""
    who, voucher_id, code = voucher(db)
    done = use(db, code, basket=basket(("A1", 1, 200)))

    def work(i: int) -> str:
        if i % 2:
            return void(db, done.redemption_id, NOW + 100).state
        return use(db, code, f"again-{i}").state

    at_once(30, work)
    state = voucher_of(db, voucher_id, who.shopper_id).voucher.state
    assert state in ("issued", "redeemed")
    assert spent(db) == (1, 50)
