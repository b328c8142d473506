"""Five wrong proofs locked a loyalty card for an hour: whoever knew its number kept its owner out.

Right: the guesser's line is closed for that card, the card stays open to its owner elsewhere; so do links to a mailbox.
And the counts are in the database: neither a restart nor another process gives a guesser new attempts.
"""

from __future__ import annotations

import pytest

from api.ratelimits import HOUR_S, RateLimits, SharedLimits, TooManyRequests
from api.shoppers import identity
from api.shoppers.identity import CARD_GUESSES_PER_HOUR
from engine.storage.people.identifiers import CARD_TRIES
from tests.api.site import Site

CARD = {"number": "1234567890123", "proof": "75002"}


def present(site: Site, proof: str, *, signed_in: bool = False) -> int:
    with site.client() as phone:
        if signed_in:
            site.sign_in(phone)
        return phone.post("/me/identity/card", data=CARD | {"proof": proof}).status_code


def test_the_guesser_is_closed_out_and_the_owner_is_not(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.manager() as manager:
        assert manager.post("/v1/cards", json={"cards": [CARD]}).status_code == 200
    assert CARD_GUESSES_PER_HOUR < CARD_TRIES
    guessed = [present(site, f"{n:05d}") for n in range(CARD_GUESSES_PER_HOUR + 2)]
    assert guessed == [409] * CARD_GUESSES_PER_HOUR + [429] * 2
    assert present(site, CARD["proof"]) == 429, "not even with the right proof: the line has guessed"
    monkeypatch.setattr(identity, "network_of", lambda _: "the owner's")
    assert present(site, CARD["proof"], signed_in=True) == 303


def test_another_process_goes_on_counting(site: Site) -> None:
    first, second = (RateLimits(SharedLimits(site.db, b"k" * 32)) for _ in range(2))
    said = [limits.shared.may("guest", "line", 2, HOUR_S) for limits in (first, second, first)]
    assert said == [True, True, False]
    with pytest.raises(TooManyRequests):
        second.shared.look("guest", "line", 2, HOUR_S)
