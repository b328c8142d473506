"""What versions there are is told by the names of files, so that whoever opens a database need not read them all."""

from __future__ import annotations

from alembic.script import ScriptDirectory

from engine.storage.migrate import alembic_config, list_versions, newest


def test_files_of_migrations_go_by_their_versions() -> None:
    steps = ScriptDirectory.from_config(alembic_config())
    assert list_versions() == {step.revision for step in steps.walk_revisions()}
    assert newest() == steps.get_current_head()
