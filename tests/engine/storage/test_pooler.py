"""PgBouncer in front of PostgreSQL, one connection for all, another transaction on it each time: nothing is asked of a
connection that outlives a transaction."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from engine.errors import OperatorError
from engine.storage.database import open_database
from engine.storage.models.vouchers import VoucherTable
from engine.storage.once.turns import take_turn
from engine.storage.vouchers.campaigns import put_campaign
from tests.brokers import free_port
from tests.databases import Postgres
from tests.engine.storage.scenes import NOW, STORE, at_once, campaign, issue, shopper


@pytest.fixture
def pooled(postgres: Postgres) -> Iterator[str]:
    """The URL of a fresh database through PgBouncer, which keeps one connection to it."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    parts = urlsplit(postgres.fresh())
    host, name, user, port = parse_qs(parts.query)["host"][0], parts.path[1:], parts.username or "postgres", free_port()
    owner = pwd.getpwuid(Path(host).stat().st_uid).pw_name  # the server's: it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="rayon-pg-"))
    folder.chmod(0o755)
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n{name} = host={host} user={user}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        "unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 1\n"
        "ignore_startup_parameters = extra_float_digits\n"
    )
    with subprocess.Popen(
        [program, *(["-u", owner] if os.geteuid() == 0 else []), str(config)], stderr=subprocess.PIPE, text=True
    ) as bouncer:
        try:
            assert bouncer.stderr is not None
            heard = ""
            while "process up" not in heard:
                heard = bouncer.stderr.readline()
                assert heard, "pgbouncer has ended"
            yield f"postgresql://{user}@127.0.0.1:{port}/{name}"
        finally:
            bouncer.send_signal(signal.SIGKILL)
    shutil.rmtree(folder)


def test_coupons_are_claimed_through_it(pooled: str) -> None:
    db, other = (open_database(f"{pooled}?pooler=transaction") for _ in range(2))
    try:
        put_campaign(db, STORE, campaign())
        people = [shopper(db, n).shopper_id for n in range(8)]
        claimed = at_once(4, lambda n: [issue(db, who, name=who) for who in people[2 * n : 2 * n + 2]] and None)
        assert claimed == {"None": 4}
        with db.read() as session:
            assert len(session.exec(select(VoucherTable)).all()) == len(people)
        # the same statement again and again, by two processes that are lent the same connection: prepared on it by one,
        # it would be refused to the other
        turns = [take_turn(who, "points", "a", 60.0, NOW + 60.0 * n) for n in range(9) for who in (db, other)]
        assert turns == [True, False] * 9
    finally:
        db.close()
        other.close()


def test_a_pooler_that_is_none_is_the_operators_mistake() -> None:
    with pytest.raises(OperatorError, match="pooler=transaction"):
        open_database("postgresql://user@host/rayon?pooler=session")
