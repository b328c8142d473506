"""`rayon setup`, from an empty folder to an engine that makes fixes: a real broker, a vendor's recorded frames."""

from __future__ import annotations

import fcntl
import json
import math
import os
import pty
import select
import shutil
import stat
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli.commands import build
from api.cli.setup.files import EnvFile, add_source
from api.cli.setup.kinds import OFFERED
from api.cli.setup.service import unit_text
from api.cli.setup.steps import make_secrets
from engine.config import SourceConfig, load_config
from engine.errors import OperatorError
from engine.ingest.decoders.kinds import DECODERS
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.publisher import Publisher
from engine.ingest.sources.topics import topic_problem
from engine.plan.load import load_plan
from engine.storage.database import open_database
from engine.storage.status import ENGINE, get_status
from tests.brokers import Mosquitto
from tests.clocks import patience_s
from tests.engine.ingest.pollers.controllers import Running
from tests.forked import Rayon
from tests.sites import RAYON, until

ROOT = Path(__file__).parents[4]
RECORDED = ROOT / "tests/payloads/meraki-mqtt/01-wifi-visible.json"
SPOTS = {"00:00:5E:00:53:A0": (2, 2), "00:00:5E:00:54:A0": (22, 2), "00:00:5E:00:55:A0": (12, 11)}
PHONES = ["06:00:00:10:00:20", "06:00:00:10:00:21"]
AT = (8.0, 6.0)
USER, PASSWORD = "setup", "a-password-of-tests"
STORE = ["corner", "Corner shop", "", "", "", "24x12"]
SOURCE = ["meraki-mqtt", "", ""]
SERVICES = ["", ""]
MINUTES, A_MINUTE = 10, 100  # characters: somebody who looks for the keys


def frames(t: float) -> Iterator[tuple[str, bytes]]:
    """The recorded frame, as every access point sends it of every phone: its own address and level, and the time."""
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    told = datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    for ap, spot in SPOTS.items():
        level = round(-38 - 25 * math.log10(math.dist(spot, AT)))
        for phone in PHONES:
            said = recorded | {"mrMac": ap, "clientMac": phone, "timestamp": told, "rssi": str(level)}
            yield f"meraki/v1/mr/{said['networkId']}/{ap}/wifi/{phone}", json.dumps(said).encode()


@contextmanager
def heard(broker: Mosquitto) -> Iterator[None]:
    """A shop whose access points speak all the time, and something that is none of them."""
    publisher = Publisher(Broker.from_url(broker.url.replace("//", f"//{USER}:{PASSWORD}@")))
    publisher.start(60)
    done = threading.Event()

    def speak() -> None:
        while not done.wait(0.2):
            for topic, payload in frames(time.time()):
                publisher.publish(topic, payload)
            publisher.publish("meraki/v1/mr/N_1/x/wifi/y", b"no json")

    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        yield
    finally:
        done.set()
        speaker.join()
        publisher.close(60)


def answer(folder: Path, answers: list[str], listen_s: float = 1.5) -> Result:
    return CliRunner().invoke(build(), ["setup", str(folder), "--listen-s", str(listen_s)], input=lines(answers))


def lines(answers: list[str]) -> str:
    return "".join(f"{text}\n" for text in answers)


def broker_answers(port: int) -> list[str]:
    return ["", str(port), USER, PASSWORD, "", ""]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker", username=USER, password=PASSWORD) as running:
        yield running


def places() -> list[str]:
    """Answers for each access point, in the order of their addresses: place, name, height."""
    return [text for i, (x, y) in enumerate(SPOTS.values(), 1) for text in (f"{x} {y}", f"AP {i}", "2.5")]


def from_nothing(folder: Path, broker: Mosquitto) -> tuple[Result, list[str]]:
    answers = [*STORE, *broker_answers(broker.port), *SOURCE, "", *places(), "", "n", *SERVICES]
    return answer(folder, answers, listen_s=6.0), answers  # what comes twice a second, also on a busy machine


@pytest.mark.slow
@pytest.mark.e2e
def test_from_nothing_to_an_engine_that_makes_fixes(tmp_path: Path, broker: Mosquitto) -> None:
    folder = tmp_path / "site"
    with heard(broker):
        result, answers = from_nothing(folder, broker)
        assert result.exit_code == 0, result.output
        assert len(lines(answers)) < MINUTES * A_MINUTE
        assert "00:00:5e:00:53:a0: 2 phones, -59 dBm at best; not in the plan" in result.output
        assert "refused: not JSON: is the format set to JSON" in result.output
        first, second = result.output.split("Listening to")[1:]
        assert " 0 readings and 0 places of 0 phones" in first
        assert "an access point that the plan does not have: add it, or its address to macs (unknown_ap)" in first
        assert "in the plan: AP 3" in second
        assert " 0 readings" not in second
        assert "of 2 phones" in second
        plan = load_plan(folder / "floorplans/corner")
        assert [(p.name, p.x_m, p.y_m, p.z_m) for p in plan.access_points] == [
            (f"AP {i}", x, y, 2.5) for i, (x, y) in enumerate(SPOTS.values(), 1)
        ]
        run_until_fixes(folder)


def run_until_fixes(folder: Path) -> None:
    """What the last lines of setup say to type, with `engine` in place of `serve`."""
    environ = {**os.environ, **EnvFile(folder / "rayon.env").values, "PYTHONUNBUFFERED": "1"}
    log = folder / "engine.log"
    engine = Rayon("engine", "--config", "config.yaml", out=log, cwd=folder, env=environ)
    try:
        until(lambda: fixes(folder) > 0, 120, log.read_text)
    finally:
        engine.terminate()
        engine.wait(60)


def fixes(folder: Path) -> float:
    path = folder / "data/rayon.db"
    if not path.exists():
        return 0.0
    db = open_database(f"sqlite:///{path}")
    try:
        rows = {row.store: row.values for row in get_status(db) if row.component == ENGINE}
        return float(rows.get("corner", {}).get("counts", {}).get("fixes", 0))
    finally:
        db.close()


def test_secrets_are_for_their_owner_and_shown_nowhere(tmp_path: Path, broker: Mosquitto) -> None:
    folder = tmp_path / "site"
    result = answer(folder, [*STORE, *broker_answers(broker.port), *SOURCE, "n", *SERVICES])
    assert result.exit_code == 0, result.output
    env = EnvFile(folder / "rayon.env")
    assert stat.S_IMODE(env.path.stat().st_mode) == 0o600
    assert {"RAYON_SITE_KEY", "RAYON_MANAGER_KEY", "RAYON_TILL_KEY", "RAYON_PORTAL_SECRET_CORNER"} < set(env.values)
    assert env.values["RAYON_MQTT_PASSWORD"] == PASSWORD
    written = result.output + "".join(
        path.read_text() for path in folder.rglob("*") if path.is_file() and path != env.path
    )
    assert [name for name, value in env.values.items() if value in written and value != USER] == []


def test_a_second_call_goes_on_and_writes_nothing_over(tmp_path: Path, broker: Mosquitto) -> None:
    folder = tmp_path / "site"
    stopped = answer(folder, [*STORE, *broker_answers(broker.port)])  # the input ends at the source
    assert stopped.exit_code == 130
    assert "goes on from there" in stopped.output
    assert load_config(folder / "config.yaml").sources == ()
    again = answer(folder, ["", *SOURCE, "n", *SERVICES])
    assert again.exit_code == 0, again.output
    assert [source.kind for source in load_config(folder / "config.yaml").sources] == ["meraki-mqtt"]
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    third = answer(folder, ["", "n", "n", "n", "n"])
    assert third.exit_code == 0, third.output
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert "Sources of corner: meraki-mqtt (meraki-mqtt)." in third.output


@pytest.mark.parametrize("n", [*range(len(STORE) + 3), len(STORE) + 5])
def test_stopped_anywhere_it_leaves_whole_files_or_none(tmp_path: Path, n: int) -> None:
    folder = tmp_path / "site"
    answers = [*STORE, "", "1", "", "n", ""]  # nobody listens on port 1
    result = answer(folder, answers[:n])
    assert result.exit_code == 130
    there = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert there == ([] if n < len(STORE) else ["floorplans/corner/plan.geojson"])


def test_wrong_answers_are_asked_again_with_the_reason(tmp_path: Path, broker: Mosquitto) -> None:
    folder = tmp_path / "site"
    store = ["no id", "corner", "", "Europe/Pari", "", "XXY", "", "3", "", "huge", ""]
    wrong_password = ["http://127.0.0.1", "", "0", str(broker.port), USER, "wrong", "perhaps", "y"]
    pages = [*wrong_password, "", "", USER, "a blank", PASSWORD, "rayon", "https://rayon.example/", ""]
    pages += ["Corner SARL", '1 rue de la Paix: "Paris"', "nobody", "hello@example.org", "", ""]
    one_past = str(len(OFFERED) + 1)
    source = [one_past, "fritz", "meraki-scanning-v3", "MIST", "cloud", "", "validator", "n"]
    result = answer(folder, [*store, *pages[:-1], *source, "Rayon!", "rayon", ""])
    assert result.exit_code == 0, result.output
    for said in (
        "'no id' is not of the form",
        "did you mean 'Europe/Paris'?",
        "'XXY' is not a currency",
        "rectangle, drawing",
        "is no size of a shop",
        "a name or an address alone",
        "a number from 1 to 65535",
        "y or n",
        "letters, digits and",
        "begins with https://",
        "such as privacy@example.org",
        "one of native, meraki-mqtt",
        "small letters, digits",
        "Meraki asks for it",
        "the name of a user",
    ):
        assert said in result.output
    env = EnvFile(folder / "rayon.env")
    config = load_config(folder / "config.yaml")
    assert env.values["RAYON_MQTT_PASSWORD"] == PASSWORD
    assert (config.api.public_url, config.api.secure_cookies) == ("https://rayon.example", True)
    assert (config.controller.name, config.controller.email) == ("Corner SARL", "hello@example.org")
    assert config.controller.missing == ("dpo_email",)
    (source_,) = config.sources
    assert (source_.name, source_.receiver, source_.secret_env) == ("cloud", True, "SECRET_OF_CLOUD")
    assert "https://rayon.example/in/cloud" in result.output
    assert result.output.count(env.values["SECRET_OF_CLOUD"]) == 1  # for the vendor's console, this once


def test_a_drawing_is_asked_about_until_it_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    layers = tmp_path / "layers"
    layers.mkdir()
    box = [[[0, 0], [24000, 0], [24000, 12000], [0, 12000], [0, 0]]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": box}}
    drawn = {"type": "FeatureCollection", "name": "x1", "features": [feature]}
    (layers / "x1.geojson").write_text(json.dumps(drawn))
    drawing = ["2", "nowhere", str(layers), "--colour red", "--units mm --layer x1=level"]
    result = answer(folder, ["corner", "", "", "", *drawing])
    assert result.exit_code == 130
    assert "there is no 'nowhere' here" in result.output
    assert "--colour: is not one of them" in result.output
    assert load_plan(folder / "floorplans/corner").levels[0].polygon.area == pytest.approx(288)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_service_is_one_that_systemd_reads_and_finds_safe(tmp_path: Path) -> None:
    unit = tmp_path / "rayon.service"
    unit.write_text(unit_text(tmp_path / "a site of 100%", Path("data"), "root"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=patience_s(60)
    )
    assert "rayon.service" not in verified.stderr, verified.stderr
    assert verified.returncode == 0
    safe = [*["systemd-analyze", "security", "--offline=true", "--threshold=25"], str(unit)]
    assert subprocess.run(safe, capture_output=True, text=True, timeout=patience_s(60)).returncode == 0


def test_a_path_that_no_service_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no service can hold"):
        unit_text(tmp_path / 'a "quoted" one', Path("data"), "root")


def test_every_kind_is_offered_with_what_its_decoder_needs() -> None:
    assert set(OFFERED) == set(DECODERS), "say in OFFERED of api/cli/setup/kinds.py what each kind of source needs"
    for kind, offered in OFFERED.items():
        assert (offered.way == "receiver") <= bool(offered.secret), kind  # a receiver takes nobody's word
        assert (offered.way == "url") == bool(offered.url), kind
        assert (offered.way == "topic" and kind != "native") == bool(offered.topic), kind
        assert topic_problem(offered.topic.format(store="s") or "x", "", "") is None, kind
        page = ROOT / "docs/reference" / ("mqtt.md" if offered.page == "mqtt" else f"sources/{offered.page}.md")
        assert f"`{kind}`" in page.read_text(encoding="utf-8") or kind == "native", kind
        for line in offered.console:
            assert "{" not in line.format(broker="b", topic="t", url="u", secret="s").replace('{"', "").replace(
                "{m", ""
            )


def test_a_site_key_in_use_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/secrets.json").write_text("{}")
    env = EnvFile(tmp_path / "rayon.env")
    make_secrets(tmp_path / "data", "corner", env)
    assert "RAYON_SITE_KEY" not in env.values
    kept = dict(env.values)
    make_secrets(tmp_path / "data", "corner", EnvFile(tmp_path / "rayon.env"))
    assert EnvFile(tmp_path / "rayon.env").values == kept


SECOND = SourceConfig(name="second", kind="mist", stores=("a", "b"), receiver=True, secret_env="S", options={"k": "é"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mqtt: { port: 1884 } # ours\n",
        "sources: []\nmqtt: { port: 1884 }\n",
        "sources: # all\n  # the first\n  - { name: first, kind: ruckus, stores: [a], topic: r/# }\n\napi: {}\n",
        "sources:\n  - name: first\n    kind: ruckus\n    stores: [a]\n    topic: r/#",
    ],
)
def test_a_source_is_added_and_every_other_line_stays(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    before = load_config(path)
    assert add_source(path, SECOND)
    after = load_config(path)
    assert after == before.model_copy(update={"sources": (*before.sources, SECOND)})
    assert [line for line in text.splitlines() if line not in path.read_text() and line != "sources: []"] == []


def test_a_source_that_cannot_be_added_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    text = "sources: [{ name: first, kind: ruckus, stores: [a], topic: r/# }]\n"
    path.write_text(text)
    assert not add_source(path, SECOND)
    assert path.read_text() == text


def test_places_from_above_are_turned_over_by_the_depth_of_the_floor(tmp_path: Path, broker: Mosquitto) -> None:
    folder = tmp_path / "site"
    answers = [*STORE, *broker_answers(broker.port), "cisco-cmx", "", "n", *SERVICES]
    result = answer(folder, answers)
    assert result.exit_code == 0, result.output
    (source,) = load_config(folder / "config.yaml").sources
    assert [(m.map, m.level, m.y_down, m.height_m) for m in source.maps] == [("*", "0", True, 12.0)]


def test_a_controller_is_asked_from_here(tmp_path: Path, broker: Mosquitto) -> None:
    folder = tmp_path / "site"
    with Running() as url:
        source = ["unifi", "", url, "", "somebody:wrong"]
        result = answer(folder, [*STORE, *broker_answers(broker.port), *source, "", "n", *SERVICES])
    assert result.exit_code == 0, result.output
    assert "It gives nothing: " in result.output
    assert "somebody:wrong" not in result.output


def test_ctrl_c_ends_it_with_what_is_written_whole(tmp_path: Path) -> None:
    """On a real terminal, in the middle of the plan's questions."""
    control, terminal = pty.openpty()
    command = [*RAYON, "setup", str(tmp_path / "site")]
    running = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, cwd=ROOT, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(terminal)
    try:
        said = read_until(control, b"Store's id")
        os.write(control, b"corner\n")
        said += read_until(control, b"Name that people read")
        end_by_ctrl_c(running, control)
        assert running.returncode == 130
        said += read_until(control, b"goes on from there")
    finally:
        running.kill()
        running.wait()
        os.close(control)
    assert list(tmp_path.rglob("*.*")) == []


def end_by_ctrl_c(running: subprocess.Popen[bytes], control: int) -> None:
    """As people do, again where nothing comes of it: a terminal that changes its mode just then, between a question and
    its answer, throws away what was typed. Not while it ends: another one then would kill it."""
    for _ in range(3):
        os.write(control, b"\x03")
        with suppress(subprocess.TimeoutExpired):
            running.wait(20.0)
            return


def read_until(control: int, text: bytes) -> bytes:
    said = b""
    while text not in said:
        ready, _, _ = select.select([control], [], [], 60)
        assert ready, said
        said += os.read(control, 4096)
    return said
