"""`rayon restore`: a backup put back where the site looks for it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.data.archive import CONFIG, DATABASE, KEYS, PLANS, Manifest, members, read_archive
from api.cli.data.places import SitePlaces
from api.cli.engine import CONFIG_OPTION
from engine.config import Config
from engine.errors import NotFound, OperatorError, Problem
from engine.privacy.erasures import Erasures
from engine.runtime.leases.engine_name import engines_running
from engine.storage.database import open_database
from engine.storage.erasure import erase_shopper
from engine.storage.upkeep.copies import clear_tables, copy_in, copy_out, is_occupied, require_known, sqlite_file


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("restore")
    def restore(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `rayon backup` made.")],
        config: Path | None = CONFIG_OPTION,
        force: Annotated[
            bool, typer.Option("--force", help="Put it in the place of what is there, which is set aside in data_dir.")
        ] = False,
    ) -> None:
        """Bring a backup back: database, keys and floor plans, to where the configuration says.

        Stop engine and API first. Every byte is checked before anything is written, and nothing that is there is
        written over: with --force it is moved into a folder of data_dir, which stays until you delete it. The backup's
        config.yaml is put beside yours, as config.restored.yaml. The database may be of the other kind than the
        one that was backed up, so this also moves a site from SQLite to PostgreSQL.

        Example: rayon restore rayon.tar.gz
        """
        from api.cli.startup import config_path, read_config

        bring_back(read_config(config), file, force=force, config_file=config_path(config))


def bring_back(
    config: Config,
    source: Path,
    *,
    force: bool = False,
    environ: Mapping[str, str] = os.environ,
    config_file: Path | None = None,
) -> Manifest:
    """Puts the backup where `config` says, its own configuration beside `config_file` where it is another.

    Raises OperatorError with all that stands in its way; nothing is then written.
    """
    places = SitePlaces.of(config, environ)
    with tempfile.TemporaryDirectory(prefix="rayon-restore-") as draft:
        folder = Path(draft)
        manifest = read_archive(source, folder)
        require_known(folder / DATABASE)
        problems = list(_in_the_way(places, manifest, force=force))
        if problems:
            raise OperatorError(problems)
        if force:
            _set_aside(places, manifest)
        _place(places, manifest, folder)
        _place_config(manifest, folder, config_file or Path(CONFIG))
        _erase_again(places)
    print(f"Restored what was backed up at {manifest.made_at} by Rayon {manifest.rayon}. Start the site.")
    return manifest


def _erase_again(places: SitePlaces) -> None:
    """Whoever was erased since the backup was made is erased in it, too."""
    erased = Erasures(places.data_dir).all()
    if not erased:
        return
    db = open_database(places.url)
    found = 0
    for shopper_id in erased:
        with suppress(NotFound):  # not in this backup, or erased before it
            erase_shopper(db, shopper_id, time.time())
            found += 1
    db.close()
    print(f"{found} profiles that were erased since then are erased again.", file=sys.stderr)


def _in_the_way(places: SitePlaces, manifest: Manifest, *, force: bool) -> Iterator[Problem]:
    if engines_running(places.data_dir):
        yield Problem(str(places.data_dir), "(folder)", "an engine is running on it", "stop engine and API first")
    if force:
        return
    if is_occupied(places.url):
        yield Problem("storage.url", "(database)", "there is one already", "--force sets it aside")
    for path in _targets(places, manifest):
        if path.exists():
            yield Problem(str(path), "(file)", "exists", "--force sets it aside")


def _targets(places: SitePlaces, manifest: Manifest) -> list[Path]:
    """Where keys and stores' folders go."""
    keys = [places.data_dir / name for name in members(manifest, KEYS)]
    return [*keys, *(places.plans_dir / store for store in manifest.stores)]


def _set_aside(places: SitePlaces, manifest: Manifest) -> None:
    """Moves what is there into a folder of data_dir; of a PostgreSQL database, a copy."""
    aside = places.data_dir / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    database = sqlite_file(places.url)
    there = [path for path in _targets(places, manifest) if path.exists()]
    if database is not None:
        there += [path for path in sorted(database.parent.glob(f"{database.name}*")) if path.is_file()]
    occupied = database is None and is_occupied(places.url)
    if not there and not occupied:
        return
    aside.mkdir(parents=True)
    aside.chmod(0o700)
    if occupied:
        copy_out(places.url, aside / DATABASE, lambda what: print(f"setting {what} aside", file=sys.stderr))
        clear_tables(places.url)
    for path in there:
        shutil.move(path, aside / path.name)
    print(f"What was there is in {aside}: delete that once the site is as it should be.", file=sys.stderr)


def _place_config(manifest: Manifest, folder: Path, current: Path) -> None:
    """The configuration that says where everything goes is the one in use: that of the backup is put beside it."""
    if CONFIG not in manifest.files:
        return
    content = (folder / CONFIG).read_bytes()
    if current.is_file() and current.read_bytes() == content:
        return
    beside = current.with_name(f"{current.stem}.restored{current.suffix}")
    beside.write_bytes(content)
    print(f"The backup's configuration is another: it is in {beside}, and not used.", file=sys.stderr)


def _place(places: SitePlaces, manifest: Manifest, folder: Path) -> None:
    for room, home in ((KEYS, places.data_dir), (PLANS, places.plans_dir)):
        for path, name in members(manifest, room).items():
            target = home / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, target)
            target.chmod(0o600 if room == KEYS else 0o644)
        print(f"{room}: {len(members(manifest, room))} files in {home}", file=sys.stderr)
    copy_in(folder / DATABASE, places.url, lambda what: print(f"copying {what}", file=sys.stderr))
