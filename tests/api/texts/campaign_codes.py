"""The codes that pages of campaigns, and tills without a network, say in words."""

from __future__ import annotations

from typing import get_args

from api.campaigns.forms import FIELDS, PLACES
from api.campaigns.hq.forms import SHARED
from engine.offers.campaigns import CampaignState
from engine.offers.discounts import OfferKind
from engine.offers.foretold.never import NeverReason
from engine.offers.hours import DAYS as WEEK_DAYS
from engine.offers.hq.campaigns import RANGED, WHOLE
from engine.offers.measured.uplift import UpliftState
from engine.runtime.promised.foresight import RemedyKind
from engine.storage.vouchers.campaign_files import CampaignChange
from engine.storage.vouchers.hq.giving import StoreChange
from engine.storage.vouchers.pauses import PauseSource
from engine.vocabulary import ProblemCode
from engine.wording import MistakeCode

CAMPAIGN_CODES: dict[str, set[str]] = {
    "till_offline": {
        *("offline_unready", "scan_it", "forged", "used_here", "expired", "needs_network", "unknown_terms"),
    },
    "hq_keys": {*RANGED, *WHOLE},
    "campaign_states": set(CampaignState),
    "campaign_moves": set(CampaignState),
    "campaign_changes": set(CampaignChange),
    "campaign_refusals": {
        *(ProblemCode.CAMPAIGN_CHANGED, ProblemCode.CAMPAIGN_NOT_APPROVED, ProblemCode.CAMPAIGN_STATE),
    },
    "mistakes": set(MistakeCode),
    "campaign_fields": {*FIELDS, *PLACES, *SHARED},
    "hq_changes": set(StoreChange),
    "place_remedies": set(RemedyKind),
    "offer_kinds": set(get_args(OfferKind)),
    "week_days": set(WEEK_DAYS),
    "never": set(NeverReason),
    "never_remedies": set(NeverReason),
    "pause_sources": set(PauseSource),
    "funnel": {"issued", "delivered", "seen", "redeemed", "cost"},
    "uplift_of": {"redemption", "purchase", "basket", "margin"},
    "uplift_states": set(UpliftState),
}
