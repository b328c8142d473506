"""What commands and the processes of a node log where nobody looks: a whole line each, and no chatter of libraries."""

from __future__ import annotations

import logging

import pytest

from api.cli.startup import start_logging
from engine.runtime.cluster.nodes.logs import start_log

SAID = "the head is at 192.0.2.10:6380; " + "others join with: rayon cluster up --join 192.0.2.10:6380; " * 4


@pytest.fixture
def no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The root logger without the handlers of other tests, which get them back."""
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)
    monkeypatch.setattr(logging.getLogger("alembic"), "level", logging.NOTSET)


def test_a_log_that_is_no_terminal_gets_a_whole_line_with_its_day(
    no_log: None, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging()
    logging.getLogger("engine").info(SAID)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f" INFO {SAID}")
    assert line[:2] == "20"


def test_looks_at_the_schemas_version_are_in_no_log_of_a_node(no_log: None, capsys: pytest.CaptureFixture[str]) -> None:
    start_log("keeper")
    logging.getLogger("alembic.runtime.migration").info("Context impl PostgresqlImpl.")
    logging.getLogger("engine").info("shard 1 starts on north")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(" keeper: shard 1 starts on north")
