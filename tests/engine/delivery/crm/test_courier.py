"""Events on their way to a customer file: signed, in order, with patience, never to an address that is not public."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from engine.config import Config
from engine.delivery.crm import courier as at_work
from engine.delivery.crm.courier import Courier
from engine.delivery.crm.opening import check_crm, crm_specs, open_crm
from engine.errors import OperatorError
from engine.storage.crm.receivers import dead_letters, receiver_states, send_again
from engine.storage.database import Database, open_database
from engine.storage.erasure import erase_shopper
from engine.vocabulary import CrmTrouble, Purpose
from tests.customer_files import HANG, CustomerFile, Told
from tests.databases import new_sqlite
from tests.engine.storage.crm.people import answer, shopper, tell_visits
from tests.engine.storage.scenes import NOW

SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
ENVIRON = {"CRM_SECRET": SECRET, "BREVO_API_KEY": "xkeysib-1", "HUBSPOT_TOKEN": "pat-1"}
CRM, SHOPPING = Purpose.CRM, Purpose.CRM_SHOPPING


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CustomerFile]:
    with CustomerFile(tmp_path_factory.mktemp("file")) as made:
        yield made


@pytest.fixture(autouse=True)
def _fresh(file: CustomerFile) -> None:
    file.told.clear()
    file.answers.clear()
    file.refused.clear()
    file.deaf.clear()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """What the lines do is tested on both databases where they are."""
    made = open_database(new_sqlite(tmp_path / "rayon.db"))
    yield made
    made.close()


def config_for(file: CustomerFile, **changes: Any) -> Config:
    one = {"name": "crm", "url": f"{file.url}/hook", "secret_env": "CRM_SECRET", "own_network": True}
    return Config.model_validate({"crm": {"receivers": [one | {"ca_file": str(file.ca_file)} | changes]}})


class Sent:
    """A courier with a clock of the test's."""

    def __init__(self, db: Database, config: Config) -> None:
        self.db, self.config, self.now = db, config, NOW
        self.counted: list[str] = []
        self.round(0.0)  # declares who is told

    def round(self, later_s: float = 0.0) -> int:
        """So much later, one round of what is due. How many calls."""
        self.now += later_s

        async def run() -> int:
            made = Courier(
                self.db,
                open_crm(self.config, ENVIRON),
                lambda shopper_id: "ada@example.com",
                specs=crm_specs(self.config),
                count=lambda _, outcome: self.counted.append(outcome),
                clock=lambda: self.now,
            )
            try:
                return await made.step()
            finally:
                await made.close()

        return asyncio.run(run())

    def rest(self) -> None:
        """All that can go now."""
        while self.round():
            pass


def kinds(told: list[Told]) -> list[str]:
    return [one.json["type"] for one in told]


def test_the_public_library_verifies_what_comes(db: Database, file: CustomerFile) -> None:
    sent = Sent(db, config_for(file))
    shopper(db, CRM)
    sent.now = time.time()  # the clock of the library
    sent.rest()
    assert kinds(file.told) == ["profile", "consent"]
    for one in file.told:
        said = Webhook(SECRET).verify(one.body, dict(one.headers))
        assert said["id"] == one.headers["webhook-id"]
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(one.body + b" ", dict(one.headers))
    assert file.told[0].json["data"] == {
        "display_name": "Ada", "locale": "fr", "created_at": "2027-01-15T08:00:00.000Z", "email": "ada@example.com",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "headers", "trouble", "pause_s"),
    [
        (503, {}, CrmTrouble.BROKEN, 2.0),
        (500, {}, CrmTrouble.BROKEN, 2.0),
        (429, {"Retry-After": "40"}, CrmTrouble.BUSY, 40.0),
        (408, {}, CrmTrouble.BUSY, 2.0),
        (410, {}, CrmTrouble.GONE, 3_600.0),
        (401, {}, CrmTrouble.KEY_REFUSED, 2.0),
        (404, {}, CrmTrouble.NOT_FOUND, 2.0),
        (302, {"Location": "https://localhost/elsewhere"}, CrmTrouble.NOT_FOUND, 2.0),
        (HANG, {}, CrmTrouble.UNREACHABLE, 2.0),
    ],
)
def test_what_is_not_taken_is_sent_again_under_its_id_and_first(
    db: Database,
    file: CustomerFile,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    headers: dict[str, str],
    trouble: CrmTrouble,
    pause_s: float,
) -> None:
    monkeypatch.setattr(at_work, "CALL_S", 0.3 if status == HANG else 10.0)
    sent = Sent(db, config_for(file))
    tell_visits(db, shopper(db, CRM), ["shoes"])
    file.answers = [(status, headers)]
    assert sent.round() == 1
    [state] = receiver_states(db)
    assert (state.trouble, state.status, state.dead, state.waiting) == (trouble, status, 0, 3)
    assert sent.round(pause_s - 0.5) == 0
    sent.round(1.0)
    sent.rest()
    assert kinds(file.told) == ["profile", "profile", "consent", "visit"]
    assert file.told[0].headers["webhook-id"] == file.told[1].headers["webhook-id"]
    [state] = receiver_states(db)
    assert (state.trouble, state.waiting) == (None, 0)
    assert sent.counted == [trouble, "taken", "taken", "taken"]


def test_a_refused_event_is_a_dead_letter_until_it_is_sent_again(db: Database, file: CustomerFile) -> None:
    sent = Sent(db, config_for(file))
    ada = shopper(db, CRM)
    sent.rest()
    tell_visits(db, ada, ["shoes", "toys"])
    tell_visits(db, shopper(db, CRM, name="Bob"), ["books"])
    file.told.clear()
    file.refused = {b'"zone":"shoes"'}
    sent.rest()
    assert sorted(kinds(file.told)) == ["consent", "profile", "visit", "visit"]
    [letter] = dead_letters(db, "crm")
    assert (letter.trouble, letter.status, letter.behind) == (CrmTrouble.REFUSED, 422, 1)
    file.told.clear()
    file.refused.clear()
    send_again(db, "crm")
    sent.rest()
    assert [one.json["data"]["zone"] for one in file.told] == ["shoes", "toys"]


def test_an_event_that_breaks_it_for_days_while_it_takes_others_is_given_up(db: Database, file: CustomerFile) -> None:
    sent = Sent(db, config_for(file))
    ada, bob = shopper(db, CRM), shopper(db, CRM, name="Bob")
    sent.rest()
    tell_visits(db, ada, ["shoes"])
    file.answers = [(500, {})]
    sent.round()
    tell_visits(db, bob, ["books"])
    sent.round(1.0)
    file.answers = [(500, {})]
    sent.round(2 * 86_400.0)
    assert dead_letters(db, "crm") == []
    file.answers = [(500, {})]
    sent.round(2 * 86_400.0)
    [letter] = dead_letters(db, "crm")
    assert (letter.trouble, letter.tries) == (CrmTrouble.GAVE_UP, 3)


def test_a_withdrawal_and_an_erasure_travel_until_they_are_taken(db: Database, file: CustomerFile) -> None:
    sent = Sent(db, config_for(file, events=["visit"]))
    ada, bob = shopper(db, CRM), shopper(db, CRM, name="Bob")
    for who in (ada, bob):
        tell_visits(db, who, ["shoes"])
    sent.rest()
    assert kinds(file.told) == ["visit", "visit"]
    file.told.clear()
    tell_visits(db, ada, ["toys"])
    answer(db, ada, CRM, False)
    erase_shopper(db, bob, NOW)
    file.answers = [(500, {}), (500, {})]
    sent.round()
    sent.round(10.0)
    sent.rest()
    assert sorted(kinds(file.told)) == ["consent", "consent", "erasure", "erasure"]
    assert {json.dumps(one.json["data"]) for one in file.told if one.json["type"] == "erasure"} == {"{}"}
    assert sent.round(86_400.0) == 0


def test_one_that_hangs_holds_up_no_other(db: Database, file: CustomerFile) -> None:
    one = config_for(file).crm.receivers[0]
    both = [one.model_copy(update={"name": name, "url": f"{file.url}/{name}"}) for name in ("deaf", "hears")]
    config = Config.model_validate({"crm": {"receivers": [r.model_dump(mode="json") for r in both]}})
    file.deaf.add("/deaf")

    async def run() -> None:
        made = Courier(db, open_crm(config, ENVIRON), lambda _: "", specs=crm_specs(config), clock=lambda: NOW)
        work = asyncio.create_task(made.run(lambda _: asyncio.sleep(0.01)))
        while not receiver_states(db):
            await asyncio.sleep(0.01)
        tell_visits(db, await asyncio.to_thread(shopper, db, CRM), ["shoes"])
        async with asyncio.timeout(60):
            while sum(told.path == "/hears" for told in file.told) < 3:
                await asyncio.sleep(0.01)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await made.close()

    asyncio.run(run())
    assert [told.json["type"] for told in file.told if told.path == "/hears"] == ["profile", "consent", "visit"]
    assert [told.json["type"] for told in file.told if told.path == "/deaf"] == ["profile"]
    assert {state.name: state.waiting for state in receiver_states(db)}["deaf"] == 3


def test_brevo_gets_contacts_as_it_documents_them(db: Database, file: CustomerFile) -> None:
    sent = Sent(db, config_for(file, form="brevo", url=file.url, secret_env="BREVO_API_KEY"))
    ada = shopper(db, CRM)
    tell_visits(db, ada, ["shoes"], NOW)
    sent.rest()
    answer(db, ada, CRM, False)
    sent.rest()
    erase_shopper(db, ada, NOW)
    file.answers = [(404, {})]  # it is not there any more: as good as deleted
    sent.rest()
    profile, consent, visit, end, gone = file.told
    assert {one.headers["api-key"] for one in file.told} == {"xkeysib-1"}
    assert {(one.method, one.path) for one in (profile, consent, visit, end)} == {("POST", "/v3/contacts")}
    ref = profile.json["ext_id"]
    assert profile.json == {
        "ext_id": ref,
        "updateEnabled": True,
        "email": "ada@example.com",
        "attributes": {"FIRSTNAME": "Ada", "LANGUAGE": "fr", "RAYON_SINCE": "2027-01-15T08:00:00.000Z"},
    }
    assert visit.json["attributes"]["RAYON_LAST_STORE"] == "market"
    assert (end.json["emailBlacklisted"], end.json["attributes"]["RAYON_CONSENT"]) == (True, False)
    assert (gone.method, gone.path, gone.body) == ("DELETE", f"/v3/contacts/{ref}?identifierType=ext_id", b"")
    assert receiver_states(db)[0].waiting == 0


def test_hubspot_gets_contacts_as_it_documents_them(db: Database, file: CustomerFile) -> None:
    sent = Sent(db, config_for(file, form="hubspot", url=file.url, secret_env="HUBSPOT_TOKEN", events=["profile"]))
    ada = shopper(db, CRM)
    file.answers = [(207, {})]  # some of the batch failed, and there was one in it
    sent.rest()
    assert [letter.status for letter in dead_letters(db, "crm")] == [207]
    send_again(db, "crm")
    sent.rest()
    erase_shopper(db, ada, NOW)
    sent.rest()
    _, profile, gone = file.told
    assert profile.headers["authorization"] == "Bearer pat-1"
    assert profile.path == "/crm/v3/objects/contacts/batch/upsert"
    [one] = profile.json["inputs"]
    assert (one["idProperty"], one["properties"]["rayon_id"]) == ("rayon_id", one["id"])
    assert (one["properties"]["email"], one["properties"]["firstname"]) == ("ada@example.com", "Ada")
    assert (gone.path, gone.json) == (
        "/crm/v3/objects/contacts/gdpr-delete",
        {"objectId": one["id"], "idProperty": "rayon_id"},
    )


def test_a_name_that_leads_to_a_private_address_is_not_called(db: Database, file: CustomerFile) -> None:
    sent = Sent(db, config_for(file, own_network=False))
    shopper(db, CRM)
    assert sent.round() == 1
    assert file.told == []
    assert [state.trouble for state in receiver_states(db)] == [CrmTrouble.UNREACHABLE]


def test_an_event_that_meets_a_fault_of_ours_holds_nobody_else_up(
    db: Database, file: CustomerFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Sent(db, config_for(file, events=["visit"]))
    ada, bob = shopper(db, CRM), shopper(db, CRM, name="Bob")
    tell_visits(db, ada, ["shoes"], at=float("1e18"))  # no date has this year
    tell_visits(db, bob, ["books"])
    sent.rest()
    assert [one.json["data"]["zone"] for one in file.told] == ["books"]
    assert [letter.trouble for letter in dead_letters(db, "crm")] == [CrmTrouble.REFUSED]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"url": "http://crm.example/hook"}, "url"),
        ({"url": "https://user:pass@crm.example/hook"}, "url"),
        ({"secret_env": None}, "secret_env"),
        ({"form": "pull"}, "has a key of scope crm"),
        ({"events": ["erasure"]}, "erasures always go"),
        ({"events": ["purchase"]}, "events"),
        ({"name": "No Name"}, "name"),
        ({"mapping": "mine.yaml"}, "take no mapping"),
    ],
)
def test_a_receiver_that_is_declared_wrongly_is_refused(file: CustomerFile, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        config_for(file, **changes)


def test_all_that_keeps_it_from_opening_is_said_at_once(file: CustomerFile, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("version: 1\nform: brevo\ncontact:\n  visit: {LAST: shelf}\n")
    config = config_for(
        file, form="brevo", mapping=str(mine), stores=["nowhere"], ca_file="/none.pem", secret_env="NO_KEY"
    )
    with pytest.raises(OperatorError) as refused:
        check_crm(config, ["market"], {}, "config.yaml")
    said = " ".join(str(problem) for problem in refused.value.problems)
    assert len(refused.value.problems) == 4
    assert all(word in said for word in ("shelf", "nowhere", "/none.pem", "NO_KEY"))
    with pytest.raises(OperatorError, match="signing secret"):
        check_crm(config_for(file), ["market"], {"CRM_SECRET": "whsec_c2hvcnQ="}, "config.yaml")
