"""Which messages a checkpoint contains: those that come again are known, those that are new are not."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from engine.ingest.mqtt.receiver import Token
from engine.runtime.cluster.acknowledging import (
    CLOCKS_APART_S,
    KEEP_S,
    RECEIVE_MAXIMUM,
    Name,
    StoreMessages,
    Unanswered,
    digest_of,
)
from tests.examples import examples

NOW = 1_700_000_000.0


def saved(*messages: tuple[Name, float], session: str = "rayon-shard-1") -> StoreMessages:
    """A store whose checkpoint contains these messages."""
    made = StoreMessages(session)
    for serial, (name, at) in enumerate(messages, 1):
        made.step(serial, name, at)
    made.take_saved()
    return made


def restored(
    kept: StoreMessages, session: str = "rayon-shard-1", listening_since: float | None = None
) -> StoreMessages:
    """The same in another life, or in another shard that has listened since then."""
    made = StoreMessages(session)
    if listening_since is not None:
        made.take_over_from(listening_since)
    made.restore(kept.state())
    return made


def test_a_message_that_comes_again_in_another_life_is_known_by_identifier_and_digest() -> None:
    life = restored(saved((Name(7, 111), NOW)))
    assert life.restored
    assert life.contains(Name(7, 111), NOW + 5)
    assert life.contains(Name(7, 111), NOW + 9), "however often"
    assert not life.contains(Name(8, 111), NOW + 5), "a wire without times says the same twice, and means it twice"
    assert not life.contains(Name(7, 112), NOW + 5), "an identifier is used again"


def test_what_another_shard_had_is_known_by_its_digest_as_often_as_it_came() -> None:
    kept = saved((Name(1, 5), NOW), (Name(2, 5), NOW + 1), (Name(3, 6), NOW + 2))
    other = restored(kept, "rayon-shard-2", NOW)
    assert not other.restored
    assert [other.contains(Name(mid, 5), NOW + 3) for mid in (31, 32, 33)] == [True, True, False]
    assert other.contains(Name(31, 5), NOW + 9), "from now on it is known by the identifier that it has here"


def test_what_came_before_the_other_shard_listened_is_not_taken_for_what_comes_now() -> None:
    early = NOW - CLOCKS_APART_S - 1.0
    other = restored(saved((Name(1, 5), early), (Name(2, 6), NOW - 1.0)), "rayon-shard-2", NOW)
    assert not other.contains(Name(9, 5), NOW + 1)
    assert other.contains(Name(8, 6), NOW + 1), "clocks of two machines differ a little"


def test_what_is_known_of_another_shards_messages_outlives_a_crash() -> None:
    other = restored(saved((Name(1, 5), NOW)), "rayon-shard-2", NOW)
    again = restored(other, "rayon-shard-2")
    assert again.contains(Name(40, 5), NOW + 1)


def test_a_checkpoint_of_a_single_process_knows_of_no_messages() -> None:
    made = StoreMessages("rayon-shard-1")
    made.restore({"engine": {}})
    assert not made.restored
    assert not made.contains(Name(1, 1), NOW)


def test_a_name_is_kept_until_the_broker_must_have_heard_the_answer() -> None:
    kept = saved((Name(1, 5), NOW))
    late = NOW + KEEP_S + 1.0
    kept.forget(10 * RECEIVE_MAXIMUM, late)
    assert kept.contains(Name(1, 5), late), "it is not acknowledged yet"
    kept.answer(Name(1, 5), 100)
    kept.forget(100 + RECEIVE_MAXIMUM - 1, late)
    assert kept.contains(Name(1, 5), late)
    kept.connect(150)  # the answer may have been lost with the connection
    kept.forget(100 + RECEIVE_MAXIMUM, late)
    assert kept.contains(Name(1, 5), late)
    kept.forget(150 + RECEIVE_MAXIMUM, NOW + KEEP_S - 1.0)
    assert kept.contains(Name(1, 5), late), "another shard may have to know it"
    kept.forget(150 + RECEIVE_MAXIMUM, late)
    assert not kept.contains(Name(1, 5), late)


def test_a_message_is_answered_once_all_its_stores_have_it_under_its_newest_token() -> None:
    out = Unanswered()
    serial = out.add(Name(3, 9), Token(1, 3), NOW, ["a", "b"])
    assert out.settle("a", [serial]) == []
    assert out.renew(Name(3, 9), Token(2, 3)) == (serial, set())
    [done] = out.settle("b", [serial])
    assert (done.token, done.stores) == (Token(2, 3), ("a", "b"))
    assert len(out) == 0
    assert out.renew(Name(3, 9), Token(3, 3)) is None


def test_a_store_that_was_lost_gets_its_messages_once_more() -> None:
    out = Unanswered()
    serial = out.add(Name(3, 9), Token(1, 3), NOW, ["a", "b"])
    out.settle("b", [serial])
    out.lose("a")
    out.lose("b")
    assert out.renew(Name(3, 9), Token(2, 3)) == (serial, {"a"})
    assert out.renew(Name(3, 9), Token(3, 3)) == (serial, set()), "once"


def test_a_digest_is_of_topic_and_payload() -> None:
    key = b"key"
    assert digest_of("a/b", b"c", key) != digest_of("a", b"/bc", key)
    assert digest_of("a", b"c", key) != digest_of("a", b"c", b"other")
    assert digest_of("a", b"c", key) == digest_of("a", b"c", key)


EVENTS = ("send", "send", "send", "save", "hear", "cut", "die")
CHANCE = st.binary(min_size=200, max_size=200)  # one draw for two hundred events: a draw each took most of the time


@examples(60)
@given(st.integers(1, 30), CHANCE)
def test_whatever_dies_when_each_message_counts_once(total: int, chance: bytes) -> None:
    """A broker that sends again what was not answered, in order and under the first identifier, and a store that steps,
    saves, answers, loses its connection and dies at any point: at the end all is in the last checkpoint, once."""
    waiting = {mid: mid % 5 for mid in range(1, total + 1)}  # few digests: many say the same
    in_state: Counter[int] = Counter()
    checkpoint: tuple[Counter[int], StoreMessages] = (Counter(), StoreMessages("s"))
    life, out, connection, sent_to = StoreMessages("s"), Unanswered(), 1, 0
    acks: list[Token] = []
    for event in [*(EVENTS[byte % len(EVENTS)] for byte in chance), *(["send", "save", "hear"] * 67)]:
        if not waiting:
            break
        if event == "send":
            mid = next((m for m in waiting if m > sent_to), None)
            if mid is None:
                continue
            sent_to, name, token = mid, Name(mid, waiting[mid]), Token(connection, mid)
            if out.renew(name, token) is not None:
                continue
            if life.contains(name, NOW):
                acks.append(token)
                continue
            serial = out.add(name, token, NOW, ["a"])
            life.step(serial, name, NOW)
            in_state[mid] += 1
        elif event == "save":
            checkpoint = (Counter(in_state), restored(life, "s"))
            acks += [done.token for done in out.settle("a", life.take_saved())]
        elif event == "hear":  # the broker hears answers given on this connection
            for token in acks:
                if token.connection == connection:
                    waiting.pop(token.mid, None)
            acks = []
        else:
            connection, sent_to = connection + 1, 0
            if event == "die":
                in_state, life = Counter(checkpoint[0]), restored(checkpoint[1], "s")
                out, acks = Unanswered(), []
    assert not waiting
    assert checkpoint[0] == Counter(range(1, total + 1))
