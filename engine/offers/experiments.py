"""Who is held out of a campaign to see what it changes, and what is noted at the moment they would have had a coupon.

Ghost triggers (Johnson, Lewis and Nubbemeyer 2017, "Ghost Ads", Journal of Marketing Research 54): a control shopper
goes through everything that a treated one does, up to the claim that would have issued. There the decision is to refuse
with the reason `holdout`. Both groups are then known at the same moment, and differ in nothing but the coupon; to
compare with all who got none would be to compare with people who were never there.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from engine.offers.campaigns import Campaign
from engine.records import Grounds


def experiment_of(campaign: Campaign) -> str:
    """The experiment that a campaign belongs to: its own, unless it shares one by name."""
    return campaign.experiment or campaign.id


def place_in_experiment(experiment: str, shopper_id: str) -> float:
    """The shopper's fixed place in [0, 1): the first 53 bits of SHA-256, the same on every machine and in every year.

    No key: whoever knows a shopper's id may know the group, and nothing depends on its being secret. Campaigns with
    experiments of their own have unrelated groups, since the name is hashed with the shopper.
    """
    digest = hashlib.sha256(f"experiment|{experiment}|{shopper_id}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2.0**53


def is_control(campaign: Campaign, shopper_id: str) -> bool:
    """Whether the campaign holds this shopper out. A share that grows keeps everybody it held out before."""
    return place_in_experiment(experiment_of(campaign), shopper_id) < campaign.holdout_share


def note_experiment(grounds: Grounds, campaign: Campaign) -> Grounds:
    """With the experiment that the decision is part of; as they are without one."""
    if not campaign.holdout_share:
        return grounds
    return replace(grounds, experiment=experiment_of(campaign), holdout_share=campaign.holdout_share)
