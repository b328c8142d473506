"""What `rayon doctor` looks at. Each check says what it found, in a sentence, with the way out where that is wrong.

Nothing is changed by looking: no database is brought up to date, no key is made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, StrEnum, auto
from functools import partial
from pathlib import Path

from api.cli.data.places import SitePlaces
from api.cli.startup import read_campaign_files
from engine.config import Config, MqttConfig
from engine.errors import OperatorError, StorageUnavailable, collect_problems
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import Publisher
from engine.ingest.shops.kinds import SHOP_DECODERS
from engine.ingest.sources.declared import declare
from engine.offers.segments.check import check_audiences, check_segments, say_undeclared
from engine.plan.load import load_plans, store_folders
from engine.plan.model import Plan
from engine.privacy.day_keys import KEY_FILE, KeyFile
from engine.privacy.nights import SaltDay
from engine.privacy.salts import SALT_FILE, DailySalts
from engine.privacy.sealing import Seal, Sealed
from engine.privacy.secrets import Secrets, load_secrets
from engine.runtime.stored.packing import unpack
from engine.storage.database import Database, look_into
from engine.storage.leases import read_leases
from engine.storage.loyalty.proof import prove
from engine.storage.migrate import list_versions, newest
from engine.storage.upkeep.copies import NO_DATABASE, database_version, may_go_on, sqlite_file
from engine.storage.upkeep.soundness import (
    OTHER_KEY,
    RIGHT_KEY,
    StoredState,
    code_fits,
    require_sound,
    stored_states,
)
from engine.storage.vouchers.campaign_files import compare_campaigns
from engine.storage.vouchers.campaigns import all_campaigns, stored_specs

BROKER_S = 8.0
OLD_S = 3600.0
DAY_FILES = (SALT_FILE, KEY_FILE)


class Condition(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True)
class Found:
    """One thing that was looked at."""

    what: str
    health: Condition
    says: str
    way_out: str = ""


def check_plans(config: Config, file: str) -> tuple[dict[str, Plan], list[Found]]:
    """Floor plans, segments and campaigns' files."""
    try:
        plans = load_plans(config.stores.floorplans_dir, config.stores.stores)
    except OperatorError as error:
        return {}, _wrong("floor plans", error)
    try:
        files = read_campaign_files(config.stores.floorplans_dir, plans)
    except OperatorError as error:
        return plans, _wrong("campaigns", error)
    named, tiers = {one.name for one in config.segments}, {tier.name for tier in config.loyalty.tiers}
    try:
        with collect_problems() as collect:
            collect.read(partial(check_segments, config.segments, plans, tiers, file))
            collect.read(partial(check_audiences, files, named, config.stores.floorplans_dir))
    except OperatorError as error:
        return plans, _wrong("segments", error)
    number = sum(map(len, files.values()))
    return plans, [
        Found("floor plans", Condition.OK, f"{', '.join(plans)}: all can be used"),
        Found("campaigns", Condition.OK, f"{number} in the files of {len(files)} stores, all can be used"),
    ]


def check_sources(config: Config, plans: Mapping[str, Plan], environ: Mapping[str, str], file: str) -> list[Found]:
    """Systems of other makes: kinds, stores, maps, secrets."""
    drawn = store_folders(config.stores.floorplans_dir)
    try:
        sources = declare(config.sources, plans, environ, file, drawn)
    except OperatorError as error:
        return _wrong("sources", error)
    shops = [one.name for one in config.sources if one.kind in SHOP_DECODERS and set(one.stores) & plans.keys()]
    names = [*(s.name for s in sources), *shops]
    left_out = len(config.sources) - len(names)
    says = f"{', '.join(names) or 'none'} declared" + (f", {left_out} left out here" * bool(left_out))
    return [Found("sources", Condition.OK, says)]


def check_portals(config: Config, plans: Mapping[str, Plan], environ: Mapping[str, str], file: str) -> list[Found]:
    """Captive portals: stores, secrets, certificates; and the secrets of stores whose controller signs for us."""
    from api.server import check_pages

    try:
        check_pages(config, plans, environ, file)
    except OperatorError as error:
        return _wrong("portals", error)
    said = ", ".join(f"{p.system} of {p.store}" for p in config.portals if p.store in plans)
    return [Found("portals", Condition.OK, f"{said or 'none'} declared")]


def check_data_dir(places: SitePlaces) -> list[Found]:
    """The folder of keys, and who may read them."""
    folder = places.data_dir
    if not folder.is_dir():
        return [Found("data_dir", Condition.OK, f"{folder} does not exist yet: the first start makes it")]
    if not os.access(folder, os.W_OK):
        return [Found("data_dir", Condition.WRONG, f"{folder} cannot be written to", "give it to the site's account")]
    found = [*_too_open(places), *_damaged_days(folder)]
    return found or [
        Found("data_dir", Condition.OK, f"{folder} can be written to, what it holds is read by its owner only")
    ]


def _too_open(places: SitePlaces) -> Iterator[Found]:
    """Who else on this machine reaches what names people, or can put other files in its place."""
    folder = places.data_dir
    if folder.stat().st_mode & 0o022:
        says = f"others on this machine can write to {folder}"
        yield Found("data_dir", Condition.WARNING, says, f"chmod go-w {folder}")
    secret = [*places.key_files(), *(folder / name for name in DAY_FILES)]
    if (database := sqlite_file(places.url)) is not None:
        secret += [database.with_name(database.name + end) for end in ("", "-wal", "-shm")]
    if opened := [path for path in secret if path.is_file() and path.stat().st_mode & 0o077]:
        says = "others on this machine reach " + ", ".join(map(str, opened))
        yield Found("data_dir", Condition.WARNING, says, "chmod 600 " + " ".join(map(str, opened)))


def _damaged_days(folder: Path) -> Iterator[Found]:
    for name, damage in ((SALT_FILE, DailySalts(folder).damage()), (KEY_FILE, KeyFile(folder).damage())):
        if damage:
            says = f"{folder / name} cannot be read: {damage}. It counts as lost"
            yield Found("data_dir", Condition.WARNING, says, "the engine writes it anew; look after the disk")


def check_keys(places: SitePlaces, environ: Mapping[str, str]) -> tuple[Secrets | None, list[Found]]:
    """The site's keys, if there are any yet."""
    if not (places.data_dir / "secrets.json").exists() and "RAYON_SITE_KEY" not in environ:
        return None, [Found("keys", Condition.OK, "there are none yet: the first start makes them")]
    try:
        secrets = load_secrets(places.data_dir, environ)
    except OperatorError as error:
        return None, _wrong("keys", error)
    says = "all are there, and long enough"
    if sqlite_file(places.url) is None and "RAYON_SITE_KEY" not in environ:
        says += f"; they lie in {places.data_dir}, which every other machine of the site needs, or RAYON_SITE_KEY"
    return secrets, [Found("keys", Condition.OK, says)]


def check_replica(config: Config, environ: Mapping[str, str]) -> Iterator[Found]:
    """Whether figures can be read from the replica, where there is one."""
    url = environ.get("RAYON_REPLICA_URL", config.storage.replica_url)
    if url is None:
        return
    fix = "start it, or correct storage.replica_url; figures are read from the database itself meanwhile"
    try:
        version = database_version(url)
    except (OperatorError, StorageUnavailable) as error:
        yield Found("replica", Condition.WARNING, f"it cannot be reached: {error}", fix)
        return
    if version != newest():
        yield Found("replica", Condition.WARNING, f"its version is {version}, that of this program is {newest()}", fix)
    else:
        yield Found("replica", Condition.OK, f"version {version}")


def check_database(
    places: SitePlaces, plans: Mapping[str, Plan], secrets: Secrets | None, config: Config
) -> Iterator[Found]:
    """Version, pages, what an engine would start from, and whether keys and campaigns fit."""
    what = "database"
    try:
        version = database_version(places.url)
    except StorageUnavailable as error:
        yield Found(what, Condition.WRONG, f"it cannot be reached: {error}", "start it, or correct storage.url")
        return
    except OperatorError as error:
        yield from _wrong(what, error)
        return
    file = sqlite_file(places.url)
    if file is not None and not file.exists():
        says = f"{NO_DATABASE}: {file} does not exist"
        yield Found(what, Condition.WRONG, says, "start the site once, or correct storage.url")
    elif version is None:
        yield Found(what, Condition.OK, "there is none yet: the first start makes it")
    elif version not in list_versions():
        says = f"made by a newer Rayon: its version is {version}, this program knows up to {newest()}"
        if may_go_on(places.url):
            says += ", and goes on, as the newer one states"
            yield Found(what, Condition.WARNING, says, "upgrade this one, too; the rest is looked at after that")
        else:
            yield Found(what, Condition.WRONG, says, "start the newer program, or `rayon restore` an older backup")
    elif version != newest():
        says = f"version {version}: the next start brings it to {newest()}"
        yield Found(what, Condition.WARNING, says, "`rayon backup` first; the rest is looked at after that start")
    else:
        try:
            with look_into(places.url) as db:
                yield from _look_inside(db, plans, secrets, config)
        except OperatorError as error:
            yield from _wrong(what, error)


def _look_inside(db: Database, plans: Mapping[str, Plan], secrets: Secrets | None, config: Config) -> Iterator[Found]:
    require_sound(db)
    yield Found("database", Condition.OK, f"version {newest()}, whole")
    yield _ledger(db)
    folder = config.storage.data_dir
    keys = KeyFile(folder) if os.access(folder / KEY_FILE, os.R_OK) else NoKeys()
    for state in stored_states(db):
        yield from _state(state, Seal(state.store, keys))
    if secrets is not None and not code_fits(db, secrets.site_key):
        yield Found("keys", Condition.WRONG, OTHER_KEY, RIGHT_KEY)
    for store in plans:
        yield from _stored_campaigns(db, store)
        yield from _undeclared_segments(db, store, config)
    for store, campaigns in read_campaign_files(config.stores.floorplans_dir, plans).items():
        if differing := compare_campaigns(db, store, campaigns):
            says = f"{store}: campaigns.yaml differs from what runs: " + ", ".join(map(str, differing))
            yield Found("campaigns", Condition.WARNING, says, "`rayon campaigns apply` takes the file")
    for store, lease in sorted(read_leases(db).items()):
        if lease.owner:
            until = datetime.fromtimestamp(lease.expires_at, UTC).isoformat(timespec="seconds")
            yield Found("leases", Condition.OK, f"{store} is run by {lease.owner}, said last to be so until {until}")


def _ledger(db: Database) -> Found:
    proof = prove(db)
    if proof.holds:
        return Found("ledger", Condition.OK, f"{proof.entries} entries sum to zero, and balances are what they say")
    faults = ", ".join(f"{fault} ({n})" for fault, n in sorted(proof.faults.items()))
    says = f"the points ledger contradicts itself: {faults}"
    return Found("ledger", Condition.WRONG, says, "compare with the last backup that `rayon doctor` finds in order")


def _stored_campaigns(db: Database, store: str) -> Iterator[Found]:
    """Campaigns that an older version wrote otherwise than this one takes them."""
    for name, spec in stored_specs(db, store).items():
        said = "; ".join(spec.mended + spec.wrong)
        if spec.campaign is None:
            says = f"{store}: the stored campaign {name} cannot be used, and is left out: {said}"
            yield Found("campaigns", Condition.WRONG, says, f"put it anew: PUT /v1/stores/{store}/campaigns/{name}")
        elif spec.mended:
            says = f"{store}: the stored campaign {name} is used as near to what it says as it goes: {said}"
            yield Found("campaigns", Condition.WARNING, says, "correct it in campaigns.yaml, `rayon campaigns apply`")


def _undeclared_segments(db: Database, store: str, config: Config) -> Iterator[Found]:
    """Campaigns for a segment that was taken out of the configuration since."""
    named = {segment.name for segment in config.segments}
    for said in (say_undeclared(campaign, named) for campaign in all_campaigns(db, store)):
        if said:
            out = "declare it under segments of config.yaml, or change the campaign's audience"
            yield Found("campaigns", Condition.WARNING, f"{store}: {said}", out)


class NoKeys:
    """No key file: what is sealed cannot be read, and is not damaged by that."""

    def key(self, store: str, day: SaltDay) -> bytes:
        """None is made by looking."""
        raise KeyError(store)

    def find(self, store: str, begins_at: int) -> None:
        """There is none."""

    def destroy_others(self, store: str, day: SaltDay) -> int:
        """None to destroy."""
        return 0


def _state(state: StoredState, seal: Seal) -> Iterator[Found]:
    """What a store's engine would start from."""
    what = f"state of {state.store}"
    bad = [row for row, _, payload in state.journal if _bytes_are(payload, seal) is _Bytes.DAMAGED]
    saved = _bytes_are(state.checkpoint, seal) if state.checkpoint else None
    if saved is _Bytes.DAMAGED:
        says = "the checkpoint's checksum is wrong: tracks will begin anew; statistics, vouchers and points are whole"
        yield Found(what, Condition.WRONG, says, "start the engine, which leaves it out; look after the disk")
    elif saved is _Bytes.GONE:
        says = "the key that the checkpoint was sealed with is not here: tracks will begin anew"
        out = "right where its day is over; else name the data_dir that the engine uses, or restore its keys"
        yield Found(what, Condition.WARNING, says, out)
    if bad:
        says = f"{len(bad)} of {len(state.journal)} journal rows are damaged (the first is {bad[0]})"
        yield Found(what, Condition.WRONG, says, "start the engine, which leaves these out and uses the others")
    if state.journal:
        first, last = (datetime.fromtimestamp(t, UTC).isoformat(timespec="seconds") for t in _ends(state))
        age_s = datetime.now(UTC).timestamp() - state.journal[-1][1]
        says = f"{len(state.journal)} journal rows from {first} to {last} wait to be worked off"
        out = "start the engine: they go into the statistics, and nothing is issued for them" if age_s > OLD_S else ""
        yield Found(what, Condition.WARNING if age_s > OLD_S else Condition.OK, says, out)
    elif saved is _Bytes.WHOLE:
        yield Found(what, Condition.OK, "the checkpoint is whole, and nothing is left to work off")


def _ends(state: StoredState) -> tuple[float, float]:
    return state.journal[0][1], state.journal[-1][1]


class _Bytes(Enum):
    """What stands in a row, as far as the keys here tell."""

    WHOLE = auto()
    GONE = auto()  # sealed with a key that is not here: of a day that is over, or of another data_dir
    DAMAGED = auto()


def _bytes_are(payload: bytes, seal: Seal) -> _Bytes:
    """Whether its bytes are those that were written."""
    try:
        unpack(seal.open(payload))
    except Sealed as error:
        return _Bytes.GONE if error.gone else _Bytes.DAMAGED
    except ValueError:
        return _Bytes.DAMAGED
    return _Bytes.WHOLE


def check_broker(mqtt: MqttConfig, environ: Mapping[str, str], *, cluster: bool = False) -> Found:
    """Whether the broker lets us in, under a name of its own: no running engine is disturbed. No broker tells whether
    it saves what it confirms; a cluster, which has no journal, stands on that."""
    broker = replace(Broker.from_config(mqtt, environ), reconnect_min_s=BROKER_S)
    try:
        publisher = Publisher(broker)
        publisher.start(BROKER_S)
    except OperatorError as error:
        return Found("broker", Condition.WRONG, f"{broker}: {error.problems[0].reason}", error.problems[0].fix)
    publisher.close(0.0)
    kept = "; whether it saves what it confirms cannot be asked: deploy/mosquitto.conf does" if cluster else ""
    return Found("broker", Condition.OK, f"{broker} lets us in{kept}")


def _wrong(what: str, error: OperatorError) -> list[Found]:
    return [Found(what, Condition.WRONG, f"{p.file}: {p.place}: {p.reason}", p.fix) for p in error.problems]
