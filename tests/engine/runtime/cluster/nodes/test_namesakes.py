"""Two nodes of one name: on one machine the second is refused, on two the later one ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import OperatorError
from engine.runtime.cluster.nodes.names import sessions_folder
from engine.runtime.cluster.nodes.namesakes import Namesakes, keep_name
from engine.storage.database import Database, open_database
from engine.storage.shards.nodes import NodeWord, beat_node
from tests.databases import new_sqlite

WORD = NodeWord("localhost", "", "0.2", 2, 0.0, 9e3, {})


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(new_sqlite(tmp_path / "rayon.db"))
    yield opened
    opened.close()


def test_a_second_node_of_a_name_on_one_machine_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    with keep_name(tmp_path, "north"):
        with (
            pytest.raises(OperatorError, match=r"--name north: runs on this machine already \(give each node a name"),
            keep_name(tmp_path, "north"),
        ):
            pass
        with keep_name(tmp_path, "south"):
            pass
    with keep_name(tmp_path, "north"):
        pass


def test_where_nothing_can_be_written_a_node_lives_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sessions_folder(tmp_path, "north").write_text("no folder")
    with keep_name(tmp_path, "north"):
        assert "nothing keeps a second north from this machine" in caplog.text


def test_of_two_machines_with_one_name_the_later_one_ends(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    first, later = Namesakes("localhost"), Namesakes("localhost")
    for _ in range(5):
        first.see(beat_node(db, WORD))
    for _ in range(3):
        later.see(beat_node(db, WORD))
        first.see(beat_node(db, WORD))
    with pytest.raises(OperatorError, match="--name localhost: is the name of another machine's node, which lives"):
        later.see(beat_node(db, WORD))
    for _ in range(5):
        beat_node(db, WORD)
        first.see(beat_node(db, WORD))
    assert caplog.text.count("is another machine's name too") == 1


def test_an_answer_that_was_lost_is_no_other_machine(db: Database) -> None:
    alone = Namesakes("localhost")
    for _ in range(8):
        beat_node(db, WORD)  # written, and the connection was gone before the answer came
        alone.miss()
        alone.see(beat_node(db, WORD))
        alone.see(beat_node(db, WORD))
