"""Who opted out got no more offers, and was counted in heat, zones and flows as before.

Input: two phones side by side, of which one opted out: over a signed redirect, as a signed-in shopper, or from the
store's Wi-Fi by the controller's own word. Right: nothing is read of it, today and after the night; no refusal, no
device, no fix counts it; agreeing to offers again brings it back.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from engine.ingest.decoders.native import NativeDecoder
from engine.privacy.nights import Nights
from engine.privacy.pseudonyms import OPTED_OUT, Pseudonyms
from engine.records import DeviceId
from engine.storage.database import Database
from engine.storage.people.bindings import NOBODY, OpenClaim, PhoneClaim, bind
from engine.storage.people.opt_outs import list_opted_out
from engine.storage.people.phones import ask_release, prove
from engine.vocabulary import Proof
from tests.api.site import MAC, Site
from tests.databases import database_url, db, postgres
from tests.engine.runtime.made import boutique, payload

__all__ = ["database_url", "db", "postgres"]

PLAN = boutique()
KEY = b"0123456789abcdef"
NOW = 1_800_000_000.0
OUT, IN = "02:00:00:00:00:01", "02:00:00:00:00:02"
STABLE = Pseudonyms(KEY).stable(OUT)


def frame(names: Pseudonyms, at: float) -> tuple[set[int], int]:
    """The devices of a frame in which both phones are heard, and how many of its readings were refused."""
    ap = PLAN.access_points[0].id
    rows: list[dict[str, object]] = [{"mac": mac, "ap": ap, "t": 0.1, "rssi": -60.0} for mac in (OUT, IN, OUT)]
    decoder = NativeDecoder({"boutique": PLAN.ap_index}, names)
    made = decoder.decode("rayon/boutique/readings/c1", payload(0.2, rows, at), at + 0.3)
    return set(made.readings.device.tolist()), sum(made.refused.values())


def test_nothing_is_read_of_a_phone_that_opted_out_today_or_tomorrow() -> None:
    names = Pseudonyms(KEY, NOW, nights=Nights())
    assert len(frame(names, NOW)[0]) == 2
    names.leave_out([STABLE])
    for at in (NOW, NOW + 86_400.0):
        names.start_day(at)
        devices, refused = frame(names, at)
        assert devices == {int(names(IN))}
        assert refused == 0, "a count of refusals would count it"
        assert names(OUT) == OPTED_OUT
    names.leave_out([])
    assert len(frame(names, NOW + 86_400.0)[0]) == 2


def test_a_signed_redirect_opts_a_phone_out_and_agreeing_again_brings_it_back(db: Database) -> None:
    ask_release(db, "corner", PhoneClaim(STABLE, "", "signature", NOW + 600), NOW)
    assert list_opted_out(db, "corner") == {int(STABLE)}
    assert list_opted_out(db, "other") == frozenset()
    with db.write() as session:
        bind(session, "corner", STABLE, "somebody", Proof.SESSION, NOW + 60)
    assert list_opted_out(db, "corner") == frozenset()


def test_a_passer_by_is_opted_out_by_the_networks_word_for_good(db: Database) -> None:
    """The controller says which phone the address belongs to; its pseudonym of the day would be another tomorrow."""
    names = Pseudonyms(KEY, NOW, nights=Nights())
    daily = names(OUT)
    assert daily != STABLE
    assert names.stable_name(daily) == STABLE
    assert names.stable_name(DeviceId(5)) is None
    claim = OpenClaim("corner", NOBODY, "address", None, NOW, "", 0.0)
    assert prove(db, claim, names.stable_name(daily) or daily, Proof.SESSION, NOW + 5)
    assert list_opted_out(db, "corner") == {int(STABLE)}
    names.start_day(NOW + 86_400.0)
    assert names.stable_name(daily) is None, "nothing ties yesterday's pseudonym to anything"


def test_a_claimed_phone_is_followed_again_so_that_it_can_be_proved() -> None:
    names = Pseudonyms(KEY, NOW)
    names.leave_out([STABLE])
    names.watch([STABLE])
    assert names(OUT) != OPTED_OUT


@pytest.mark.parametrize("signed_in", [True, False])
def test_the_page_opts_the_phone_out(site: Site, signed_in: bool) -> None:
    with site.client() as phone:
        site.sign_in(phone, **site.redirect())
        if not signed_in:
            phone.cookies.delete("rayon_shopper")
            page = phone.get("/w/corner", params=site.redirect(at=time.time() - 60)).text
            link = page.split('href="/opt-out/')[1].split('"')[0].replace("&amp;", "&")
            fields = site.form(phone, path="/opt-out/" + link)
            assert phone.post("/opt-out/corner", data=fields).status_code == 200
        else:
            assert phone.post("/opt-out/corner").status_code == 200
    assert len(list_opted_out(site.db, "corner")) == 1
    assert np.all([device != 0 for device in list_opted_out(site.db, "corner")]), MAC
