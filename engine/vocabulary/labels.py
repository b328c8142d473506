"""Where somebody is known to have been, and when that teaches nothing."""

from __future__ import annotations

from enum import StrEnum


class LabelKind(StrEnum):
    """How a label knows where a device was. Its number in `Labels.kind` is its place in this list."""

    SURVEY = "survey"  # somebody stood there on purpose
    HERE = "here"  # a shopper tapped "I am here"
    SHELF_SCAN = "shelf_scan"  # by a staff terminal, or by a phone that scans what goes into the basket
    PICKUP = "pickup"
    TILL = "till"
    REDEEMED = "redeemed"  # a voucher's product, at the till's time: it was taken some time before
    RECEIPT = "receipt"  # what was bought, at the till's time


class LabelRefusal(StrEnum):
    """Why a label teaches nothing."""

    BAD_LABEL_SHAPE = "bad_label_shape"
    BAD_LABEL_MAC = "bad_label_mac"
    BAD_LABEL_TIME = "bad_label_time"
    LABEL_IN_FUTURE = "label_in_future"
    UNKNOWN_LABEL_KIND = "unknown_label_kind"
    UNKNOWN_PRODUCT = "unknown_product"
    UNKNOWN_LEVEL = "unknown_level"
    LABEL_OFF_PLAN = "label_off_plan"
    LABEL_DUPLICATE = "label_duplicate"
    TOO_MANY_LABELS = "too_many_labels"
    LEARNING_NOT_AGREED = "learning_not_agreed"
    LABEL_NOT_HEARD = "label_not_heard"  # nobody heard its device then
    LABEL_FAR_OFF = "label_far_off"  # its device was heard somewhere else altogether
