"""The agent for OpenWrt, run by busybox's shell, with a router's programs played from recorded output."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import engine.ingest.agents.openwrt as openwrt
from engine.ingest.decoders.native import decode_native, decode_session
from tests.engine.ingest.decoders.saying import OTHER_AP, OTHER_PHONE, PHONE

AGENT = Path(next(iter(openwrt.__path__))) / "rayon-openwrt.sh"
BSSID = "02:00:5e:00:53:0a"
THIRD, IDLE = "06:00:00:00:00:03", "06:00:00:00:00:04"
DEADLINE_S = 60.0

EVENTS = [
    {"probe": {"address": PHONE, "target": "ff:ff:ff:ff:ff:ff", "signal": -57, "freq": 2437}},
    {"probe": {"address": PHONE, "target": BSSID, "freq": 2437}},  # a level of 0 is left out
    {"assoc": {"address": PHONE, "target": BSSID, "signal": 4294967242, "freq": 2437}},
    {"beacon-report": {"address": PHONE, "rcpi": 90, "rsni": 40, "bssid": OTHER_AP}},
    {"beacon-report": {"address": PHONE, "rcpi": 190, "rsni": 0, "bssid": OTHER_AP}},
    {"beacon-report": {"address": PHONE, "rcpi": 255, "rsni": 255, "bssid": OTHER_AP}},
    {"beacon-report": {"address": PHONE, "rcpi": 0, "rsni": 0, "bssid": "00:00:00:00:00:00"}},
    {"deauth": {"address": PHONE}},
    {"probe": {"address": '"},{"mac"', "signal": -50}},
]
USTEER = {
    THIRD: {
        "hostapd.wlan0": {"connected": False, "signal": -81},
        "10.0.0.2#hostapd.wlan0": {"connected": False, "signal": -50},
    },
    PHONE: {"hostapd.wlan0": {"connected": True, "signal": -57}},
}

UBUS = """#!busybox sh
case "$*" in
"list hostapd.*") echo hostapd.wlan0 ;;
"-S call hostapd.wlan0 get_status") cat "$PLAY/status" ;;
"subscribe hostapd.wlan0") cat "$PLAY/events"; exec sleep 600 ;;
"call hostapd.wlan0 get_clients")
    n=$(cat "$PLAY/n" 2>/dev/null || echo 0); n=$((n + 1)); echo $n >"$PLAY/n"
    sed "s/@N@/$n/" "$PLAY/clients" ;;
"call usteer get_clients")
    n=$(cat "$PLAY/n"); sed "s/-81/-8$((n % 2))/" "$PLAY/usteer" ;;
*) exit 4 ;;
esac
"""
JSONFILTER = """#!{python} -I
import json, sys
said, path = json.loads(sys.argv[sys.argv.index("-s") + 1]), sys.argv[sys.argv.index("-e") + 1]
value = said.get(path.removeprefix("@."))
sys.exit(1) if value is None else print(value)
"""
MOSQUITTO_PUB = """#!{python} -I
import json, os, pathlib, sys
topic = sys.argv[sys.argv.index("-t") + 1]
told = pathlib.Path(os.environ["XDG_CONFIG_HOME"], "mosquitto_pub").read_text()
sent = sys.stdin.read()
with open(os.environ["PLAY"] + "/published", "a") as published:
    for message in sent.splitlines() if "-l" in sys.argv else [sent]:
        print(json.dumps([topic, message, told, sys.argv[1:]]), file=published)
"""
APPLETS = (
    "awk",
    "cat",
    "date",
    "head",
    "kill",
    "logger",
    "mkdir",
    "mv",
    "rm",
    "sed",
    "sh",
    "sleep",
    "tail",
    "tr",
    "xargs",
)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("busybox") is None, reason="busybox is not installed"),
]


def indented(said: Any) -> str:
    """JSON as `ubus call` prints it."""
    return json.dumps(said, indent="\t")


@pytest.fixture
def router(tmp_path: Path) -> dict[str, str]:
    """A router's environment: busybox's applets, our own players, and nothing else."""
    programs, play = tmp_path / "bin", tmp_path / "play"
    programs.mkdir()
    play.mkdir()
    busybox = shutil.which("busybox")
    assert busybox is not None
    for applet in APPLETS:
        (programs / applet).symlink_to(busybox)
    python = sys.executable
    players = {"ubus": UBUS.replace("busybox", busybox), "jsonfilter": JSONFILTER, "mosquitto_pub": MOSQUITTO_PUB}
    for name, text in players.items():
        (programs / name).write_text(text.replace("{python}", python))
        (programs / name).chmod(0o755)
    (play / "status").write_text(json.dumps({"status": "ENABLED", "bssid": BSSID, "ssid": 'Le "Magasin"'}))
    (play / "events").write_text("\n".join(map(json.dumps, EVENTS)) + "\n")
    clients = {mac: {"rrm": [0], "bytes": {"rx": 1}, "packets": {"rx": rx, "tx": 3}, "signal": level}
               for mac, rx, level in ((OTHER_PHONE, "@N@", 4294967231), (IDLE, 77, -40))}  # fmt: skip
    (play / "clients").write_text(indented({"freq": 2437, "clients": clients}).replace('"@N@"', "@N@"))
    (play / "usteer").write_text(indented(USTEER))
    told = {
        "RAYON_STORE": "boutique",
        "RAYON_HOST": "broker.example",
        "RAYON_SOURCE": "router-1",
        "RAYON_INTERVAL": "0.2",
    }
    said = {"RAYON_USER": "agent", "RAYON_PASSWORD": "two words", "RAYON_RUN": str(tmp_path / "run")}
    return {"PATH": str(programs), "PLAY": str(play)} | told | said


def published(router: dict[str, str]) -> Iterator[tuple[str, str, str, list[str]]]:
    """(topic, message, the client's own file, its arguments) of everything that came."""
    file = Path(router["PLAY"], "published")
    for line in file.read_text().splitlines() if file.exists() else ():
        yield tuple(json.loads(line))


def readings(router: dict[str, str]) -> set[tuple[str, str, float]]:
    """(phone, access point, dBm), each decoded as the engine does."""
    found = set()
    for topic, message, _, _ in published(router):
        if "/readings/" in topic:
            named = {BSSID: 0, OTHER_AP: 1}
            frame = decode_native(topic, message.encode(), store_aps=named, pseudonym=_number, received_at=time.time())
            assert not frame.refused
            columns = (frame.readings.device, frame.readings.ap, frame.readings.rssi_dbm)
            for device, ap, level in zip(*(column.tolist() for column in columns), strict=True):
                found.add((f"{device:012x}", list(named)[ap], level))
    return found


def _number(mac: str) -> int:
    return int(mac.replace(":", ""), 16)


def sessions(router: dict[str, str]) -> list[tuple[int, str, str]]:
    """(phone, event, network), each decoded as the engine does."""
    said = [
        decode_session(topic, message.encode(), pseudonym=_number, received_at=time.time())
        for topic, message, _, _ in published(router)
        if "/sessions/" in topic
    ]
    return [(one.device, str(one.event), one.ssid) for one in said]


HEARD = {
    (phone.replace(":", ""), ap, level)
    for phone, ap, level in (
        (PHONE, BSSID, -57.0),
        (PHONE, BSSID, -54.0),
        (PHONE, OTHER_AP, -65.0),
        (OTHER_PHONE, BSSID, -65.0),
        (THIRD, BSSID, -80.0),
        (THIRD, BSSID, -81.0),
    )
}


def test_what_a_router_hears_comes_as_our_own_frames(router: dict[str, str]) -> None:
    agent = subprocess.Popen(["sh", str(AGENT)], env=router, executable=f"{router['PATH']}/sh")
    try:
        until = time.monotonic() + DEADLINE_S
        while time.monotonic() < until and not (readings(router) >= HEARD and len(sessions(router)) >= 2):
            assert agent.poll() is None
            time.sleep(0.05)
    finally:
        agent.terminate()
        agent.wait(DEADLINE_S)
    assert readings(router) == HEARD  # the idle phone's level is of before, the other router tells its own
    assert sessions(router) == [(_number(PHONE), event, "Le Magasin") for event in ("connect", "disconnect")]
    topics = {topic for topic, _, _, _ in published(router)}
    assert topics == {"rayon/boutique/readings/router-1", "rayon/boutique/sessions/router-1"}
    for _, _, told, arguments in published(router):
        assert told.splitlines()[-2:] == ["-u agent", "-P two words"]
        assert "two words" not in arguments  # everybody on the router reads the list of processes


def test_nothing_of_it_is_left_when_it_ends(router: dict[str, str]) -> None:
    agent = subprocess.Popen(["sh", str(AGENT)], env=router, executable=f"{router['PATH']}/sh")
    pid_file, until = Path(router["RAYON_RUN"], "hostapd.wlan0.pid"), time.monotonic() + DEADLINE_S
    while not (pid_file.exists() and pid_file.read_text().strip()):
        assert time.monotonic() < until
        time.sleep(0.05)
    watcher = int(pid_file.read_text())
    agent.terminate()
    agent.wait(DEADLINE_S)
    while _is_alive(watcher):
        assert time.monotonic() < until
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("change", [{"RAYON_STORE": "a/b"}, {"RAYON_SOURCE": "+"}, {"RAYON_HOST": ""}])
def test_what_no_topic_can_hold_ends_it_at_once(router: dict[str, str], change: dict[str, str]) -> None:
    ended = subprocess.run(
        ["sh", str(AGENT)],
        env=router | change,
        executable=f"{router['PATH']}/sh",
        timeout=DEADLINE_S,
        capture_output=True,
        check=False,
    )
    assert ended.returncode != 0
    assert re.search("RAYON_(STORE|HOST)", ended.stderr.decode())


def test_it_is_one_short_script_that_shellcheck_finds_nothing_in() -> None:
    assert len(AGENT.read_text().splitlines()) <= 200
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    checked = subprocess.run([shellcheck, "-s", "sh", str(AGENT)], capture_output=True, timeout=DEADLINE_S, check=False)
    assert checked.stdout.decode() == ""
