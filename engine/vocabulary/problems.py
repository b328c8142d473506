"""What our HTTP answers say to programs when something is wrong."""

from __future__ import annotations

from enum import StrEnum


class ProblemCode(StrEnum):
    """What an answer that is an error says to programs, in its `code`; `http_` and a status are the framework's own."""

    REFUSED = "refused"
    # The request
    INVALID_REQUEST = "invalid_request"
    INVALID_PERIOD = "invalid_period"
    INVALID_CURSOR = "invalid_cursor"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CROSS_ORIGIN = "cross_origin"
    IDEMPOTENCY_KEY_REQUIRED = "idempotency_key_required"
    IDEMPOTENCY_KEY_INVALID = "idempotency_key_invalid"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    IDEMPOTENCY_IN_FLIGHT = "idempotency_in_flight"
    # Who asks, and for what
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    TOO_MANY_REQUESTS = "too_many_requests"
    SIGN_IN_BUSY = "sign_in_busy"
    DEVICE_UNKNOWN = "device_unknown"
    PLACE_CODE_WRONG = "place_code_wrong"
    OFFER_REFUSED = "offer_refused"
    DELIVERY_GONE = "delivery_gone"
    PUSH_REFUSED = "push_refused"
    REPLAYED = "replayed"
    CAMPAIGN_EXISTS = "campaign_exists"
    CAMPAIGN_CHANGED = "campaign_changed"
    CAMPAIGN_NOT_APPROVED = "campaign_not_approved"
    CAMPAIGN_STATE = "campaign_state"
    LEDGER_KEY_REUSED = "ledger_key_reused"
    NOT_ENOUGH_POINTS = "not_enough_points"
    RETURN_TOO_LARGE = "return_too_large"
    REVIEWED_ALREADY = "reviewed_already"
    NAME_TAKEN = "name_taken"
    CARD_KNOWN = "card_known"
    LAST_ADMIN = "last_admin"
    # A till's code: `voucher_` and the reason
    VOUCHER_REFUSED = "voucher_refused"
    VOUCHER_UNKNOWN = "voucher_unknown"
    VOUCHER_REDEEMED = "voucher_redeemed"
    VOUCHER_EXPIRED = "voucher_expired"
    VOUCHER_VOIDED = "voucher_voided"
    VOUCHER_CURRENCY = "voucher_currency"
    VOUCHER_NOT_IN_BASKET = "voucher_not_in_basket"
    VOUCHER_MIN_BASKET = "voucher_min_basket"
    VOUCHER_TOO_FEW = "voucher_too_few"
    VOUCHER_LEGAL_CAP = "voucher_legal_cap"
    NOT_SHAREABLE = "not_shareable"
    TOO_MANY_REPORTS = "too_many_reports"
    # On pages only
    SHARE_GONE = "share_gone"
    SHARE_OVER = "share_over"
    FORM_MISSING = "form_missing"
    STORE_UNKNOWN = "store_unknown"
    NICEGUI_BUSY = "nicegui_busy"
    # Us
    STORAGE_UNAVAILABLE = "storage_unavailable"
    INTERNAL = "internal"
