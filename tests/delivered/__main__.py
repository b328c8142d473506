"""What becomes of coupons when phones sleep, wake late and look away: `python -m tests.delivered --phones 200`.

A site, a push service (RFC 8030) and phones of this machine over real HTTP and the clock of the wall: a third asleep, a
third that wakes by push, a third with the page open, a tenth of which nobody looks at. Some messages come twice, some
acknowledgements are said twice, and the push service is busy, broken or says that a phone is gone now and then. Ends
with 1 where a coupon is neither delivered nor given back with a reason, was on two screens, or the budget says
otherwise. The short form is tests/engine/delivery/test_channels.py.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from engine.storage.vouchers.campaigns import put_campaign
from engine.vocabulary import Channel
from tests.api.shoppers.reached import issue, reached
from tests.api.site import Site, campaign
from tests.delivered.account import Account, account, over, quantiles
from tests.delivered.crowd import PAGE, Phone, Seen, hand_out
from tests.push_services import PushService

CAMPAIGN = "tea-often"
Took = dict[tuple[str, str], list[float]]
OVER_S = 15.0
"""The coupons are issued over so long."""
LATEST_S = 30.0
"""After a coupon's time is over it has to be given back within this; only a failure takes all of it."""
SPOILT = [(429, {"Retry-After": "1"}), (410, {}), (500, {}), (404, {})]


def main() -> int:
    """1 where something is not as it should be."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="rayon-delivered-") as name, reached(Path(name)) as (site, service, _):
        put_campaign(site.db, site.plan.store, campaign(CAMPAIGN, ttl_s=options.ttl_s))
        told, seen, took_s = asyncio.run(_run(site, service, options))
    for (kind, end, channel), many in sorted(told.ends.items()):
        sys.stdout.write(f"{kind:7}{many:5} {end}, last on {channel}\n")
    for (kind, channel), these_s in sorted(took_s.items()):
        sys.stdout.write(f"{kind:7}from the decision to the phone by {channel}: {quantiles(these_s)}\n")
    sys.stdout.write(f"too late, and so not shown: {dict(seen.refused)}\n")
    for fault in told.faults:
        sys.stderr.write(f"{fault}\n")
    return 1 if told.faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.delivered", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--phones", type=int, default=200)
    parser.add_argument("--ttl-s", type=float, default=60.0, help="how long a coupon is worth showing, 60 to 180")
    parser.add_argument("--seed", type=int, default=12)
    return parser.parse_args()


async def _run(site: Site, service: PushService, options: argparse.Namespace) -> tuple[Account, Seen, Took]:
    rng, seen = np.random.default_rng(options.seed), Seen()
    phones = {f"p{n}": Phone(site.url, site.plan.store, n, seen, rng) for n in range(options.phones)}
    for name, phone in phones.items():
        await phone.arrive(service, name)
    service.answers += SPOILT * (options.phones // 50)
    looking = [asyncio.create_task(phone.look()) for phone in phones.values() if phone.kind == PAGE]
    handing = asyncio.create_task(hand_out(service, phones))
    await asyncio.sleep(2.0)  # the streams are open by now; one that is not loses nothing
    kinds, issued_at = await _issue(site, list(phones.values()))
    deadline = time.monotonic() + options.ttl_s + LATEST_S
    while not over(site.db, set(kinds)) and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
    ended = asyncio.gather(handing, *looking, return_exceptions=True)
    for task in (handing, *looking):
        bug = task.exception() if task.done() and not task.cancelled() else None
        if bug is not None:
            raise bug
        task.cancel()
    await ended
    for phone in phones.values():
        await phone.leave()
    return account(site.db, kinds, seen, CAMPAIGN), seen, seen.took_s(issued_at)


async def _issue(site: Site, phones: list[Phone]) -> tuple[dict[str, str], dict[str, float]]:
    """One coupon to each phone; by voucher the kind of its phone, and when it was decided, s UTC."""
    kinds, issued_at = {}, {}
    for phone in phones:
        began = time.time()
        voucher = await asyncio.to_thread(issue, site, phone.shopper_id, Channel.PAGE, Channel.PUSH)
        kinds[voucher], issued_at[voucher] = phone.kind, began
        await asyncio.sleep(max(0.0, OVER_S / len(phones) - (time.time() - began)))
    return kinds, issued_at


if __name__ == "__main__":
    sys.exit(main())
