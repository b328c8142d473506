"""Sentences that both languages say alike."""

from __future__ import annotations

SAME = {
    # French and English write these alike; everything else that is alike has been forgotten.
    ("campaign_fields", "budget"),
    ("campaign_fields", "segment"),
    ("campaign_fields", "segments"),
    ("campaign_fields", "zone"),
    ("campaigns", "budget"),
    ("campaigns", "coupons_one"),
    ("campaigns", "coupons_other"),
    ("campaigns", "from_file"),
    ("campaigns", "version"),
    ("campaigns", "versions"),
    ("what_if", "coupons"),
    ("what_if", "moments_one"),
    ("what_if", "moments_other"),
    ("console", "plan_now"),
    ("docs", "version"),
    ("front", "developers"),
    ("owed", "what"),
    ("me", "points_one"),
    ("mute_kinds", "all"),
    ("me", "points_other"),
    ("reviews", "points_one"),
    ("reviews", "points_other"),
    ("shared", "points_one"),
    ("shared", "points_other"),
    ("units", "seconds"),
    ("staff", "points_one"),
    ("staff", "points_other"),
    ("staff", "notes"),
    ("sales_channels", "web"),
    ("plan_signs", "drive"),
}
