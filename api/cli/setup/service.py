"""How the site is kept running: a systemd unit with as few rights as it needs, and a recipe for a container."""

from __future__ import annotations

import getpass
import re
import sys
from pathlib import Path

from api.cli.setup.asking import WrongAnswer, ask, ask_yes, say
from api.cli.setup.files import CONFIG, ENV, write_whole
from engine.config import Config
from engine.errors import OperatorError, Problem

UNIT, RECIPE = "rayon.service", "Containerfile"
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}")

_UNIT_TEXT = """\
# The user has to be able to read {folder}, and to write {data}:
#   sudo useradd --system {user}; sudo chown -R {user} {data}
#   sudo cp {unit} /etc/systemd/system/ && sudo systemctl enable --now rayon
[Unit]
Description=Rayon, in-store Wi-Fi location and coupons
Wants=network-online.target
After=network-online.target mosquitto.service postgresql.service

[Service]
User={user}
WorkingDirectory={folder}
EnvironmentFile={folder}/{env}
ExecStart={program} serve --config "{folder}/{config}"
Restart=always
RestartSec=5
TimeoutStopSec=60
UMask=0077

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths="{data}"
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""

_RECIPE_TEXT = """\
# Rayon in a container. The wheel and its pinned libraries come from a clone of the repository:
#   pip wheel --no-deps --wheel-dir . CLONE && cp CLONE/constraints.txt .
#   podman build --tag rayon --file {recipe} .
# Secrets, plans and data stay outside of it. With the host's network the broker is where {config} says:
#   podman run --detach --name rayon --restart always --network host --read-only --tmpfs /tmp --cap-drop all \\
#     --security-opt no-new-privileges --stop-timeout 60 --userns keep-id:uid=10001,gid=10001 --env-file {env} \\
#     {volumes} rayon
# Docker has no keep-id: there leave --userns out and give the data to the user in the container, once:
#   sudo chown -R 10001:10001 {data}
FROM python:3.12-slim
COPY rayon-*.whl constraints.txt /tmp/
RUN wheel=$(ls /tmp/rayon-*.whl) \\
    && pip install --no-cache-dir --constraint /tmp/constraints.txt "$wheel[manager,postgres,signs]" \\
    && rm /tmp/rayon-*.whl /tmp/constraints.txt \\
    && groupadd --gid 10001 rayon && useradd --uid 10001 --gid 10001 --create-home rayon
USER rayon
WORKDIR /site
STOPSIGNAL SIGTERM
CMD ["rayon", "serve", "--config", "{config}"]
"""


def write_services(folder: Path, config: Config) -> None:
    """Writes the unit and the recipe; those that are there stay unless somebody says otherwise."""
    if _is_wanted(folder / UNIT):
        user = ask("User that the service runs as", _user, _usual_user())
        write_whole(folder / UNIT, unit_text(folder.resolve(), config.storage.data_dir, user))
    if _is_wanted(folder / RECIPE):
        write_whole(folder / RECIPE, recipe_text(config))
    (folder / config.storage.data_dir).mkdir(mode=0o700, parents=True, exist_ok=True)


def recipe_text(config: Config) -> str:
    """The recipe of a site, to be built and run in its folder. What lies elsewhere is there in the container, too; `Z`
    gives it the label that SELinux asks for, and is nothing elsewhere."""
    plans, data = config.stores.floorplans_dir, config.storage.data_dir
    mounts = [(Path(CONFIG), ":ro,Z"), (plans, ":ro,Z"), (data, ":Z")]
    volumes = [f"--volume {_outside(path)}:{_inside(path)}{how}" for path, how in mounts]
    return _RECIPE_TEXT.format(recipe=RECIPE, env=ENV, config=CONFIG, data=data, volumes=" ".join(volumes))


def _outside(path: Path) -> str:
    """As the command line takes it: a path without a slash would be the name of a volume."""
    return str(path) if path.is_absolute() else f"./{path}"


def _inside(path: Path) -> str:
    return str(path) if path.is_absolute() else f"/site/{path}"


def unit_text(home: Path, data_dir: Path, user: str) -> str:
    """The unit of a site in `home`. Raises OperatorError for a path that no unit can hold."""
    said = {"folder": _path(home), "data": _path(home / data_dir), "program": _program(), "user": user}
    return _UNIT_TEXT.format(unit=UNIT, env=ENV, config=CONFIG, **said)


def _is_wanted(path: Path) -> bool:
    if not path.exists():
        say(f"{path}: will be written.")
        return True
    return ask_yes(f"{path} is there. Write it anew", default=False)


def _program() -> str:
    beside = Path(sys.executable).with_name("rayon")
    return f'"{_path(beside)}"' if beside.exists() else f'"{_path(Path(sys.executable))}" -m api.cli.main'


def _path(path: Path) -> str:
    """A path as a unit spells it. Raises OperatorError for one that no unit can hold."""
    if not str(path).isprintable() or re.search(r'["\\]', str(path)):
        raise OperatorError([Problem(str(path), "(folder)", "has a sign that no service can hold", "rename it")])
    return str(path).replace("%", "%%")


def _usual_user() -> str:
    user = getpass.getuser()
    return "rayon" if user == "root" else user


def _user(text: str) -> str:
    if not _USER.fullmatch(text):
        raise WrongAnswer("the name of a user of this machine")
    return text
