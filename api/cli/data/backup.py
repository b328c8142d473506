"""`rayon backup`: database, keys and floor plans in one file, while the site runs."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.data.archive import CONFIG, DATABASE, KEYS, PLANS, Manifest, write_archive
from api.cli.data.places import SitePlaces
from api.cli.engine import CONFIG_OPTION
from engine import __version__
from engine.config import Config
from engine.errors import OperatorError, Problem
from engine.privacy.secrets import SECRETS_FILE, load_secrets
from engine.storage.upkeep.copies import copy_out, require_database, require_known


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("backup")
    def backup(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup, such as rayon.tar.gz.")],
        config: Path | None = CONFIG_OPTION,
        force: Annotated[bool, typer.Option("--force", help="Replace FILE where there is one.")] = False,
    ) -> None:
        """Copy database, keys, floor plans and config.yaml into one file, while the site runs or not.

        The copy is of one moment. It holds the keys: who has it can tell who the shoppers are, so it is readable by its
        owner only, and belongs where nobody else reads. Salts of the day are left out: they have to be gone when
        the day is. Keys that come from the environment are not in it.

        Example: rayon backup rayon.tar.gz
        """
        from api.cli.startup import config_path, read_config

        say(make_backup(read_config(config), file, force=force, config_file=config_path(config)), file)


def make_backup(
    config: Config,
    target: Path,
    *,
    force: bool = False,
    environ: Mapping[str, str] = os.environ,
    config_file: Path | None = None,
) -> Manifest:
    """Writes the backup `target`, with the file that `config` was read from.

    Raises OperatorError, and StorageUnavailable; no half file is left then.
    """
    if target.exists() and not force:
        raise OperatorError([Problem(str(target), "(file)", "exists", "choose another name, or --force")])
    if not target.parent.is_dir():
        raise OperatorError([Problem(str(target.parent), "(folder)", "does not exist", "make it first")])
    places = SitePlaces.of(config, environ)
    require_database(places.url)
    if (places.data_dir / SECRETS_FILE).exists():  # a backup without the site's key brings nothing back
        load_secrets(places.data_dir, environ)
    with tempfile.TemporaryDirectory(prefix=".rayon-backup-", dir=target.parent) as draft:
        copy = Path(draft) / DATABASE
        copy_out(places.url, copy, lambda what: print(f"copying {what}", file=sys.stderr))
        files = {DATABASE: copy}
        files |= {f"{KEYS}/{path.name}": path for path in places.key_files()}
        files |= {f"{PLANS}/{path.relative_to(places.plans_dir).as_posix()}": path for path in places.plan_files()}
        files |= {CONFIG: config_file} if config_file is not None else {}
        head = {
            "rayon": __version__,
            "database_version": require_known(copy),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "stores": [folder.name for folder in places.stores()],
        }
        print(f"packing {len(files)} files", file=sys.stderr)
        return write_archive(target, files, head)


def say(manifest: Manifest, target: Path) -> None:
    """What the backup holds."""
    keys = [name for name in manifest.files if name.startswith(f"{KEYS}/")]
    print(f"{target}: the database (version {manifest.database_version}), {len(keys)} files of keys, ", end="")
    print(f"floor plans of {', '.join(manifest.stores) or 'no store'}; {target.stat().st_size / 2**20:.1f} MiB")
    if "RAYON_SITE_KEY" in os.environ:
        print("The site key comes from RAYON_SITE_KEY and is not in it: keep that too, no code means anything without.")
    print("It holds what identifies shoppers: keep it where nobody else reads. `rayon restore` brings it back.")
