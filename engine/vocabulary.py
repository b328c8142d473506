"""The words that the engine's nouns are in: closed lists, each word as it stands in databases, files and events.

A word is never reused for something else, since rows that hold it outlive the code that wrote them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

EventKind = Literal["fix", "visit", "decision", "voucher"]
"""What the engine publishes, and the last part of its topic."""


class FrameRefusal(StrEnum):
    """Why a whole message from the network cannot be used."""

    TOPIC_SHAPE = "topic_shape"
    UNKNOWN_STORE = "unknown_store"
    RETAINED = "retained"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_KEY = "unknown_key"
    MISSING_SENT_AT = "missing_sent_at"
    BAD_TIME = "bad_time"
    MISSING_READINGS = "missing_readings"
    MISSING_LABELS = "missing_labels"
    TOO_MANY_READINGS = "too_many_readings"
    BAD_SESSION_SHAPE = "bad_session_shape"
    BAD_MAC = "bad_mac"


class ReadingRefusal(StrEnum):
    """Why one reading of a usable message is not used."""

    BAD_READING_SHAPE = "bad_reading_shape"
    BAD_MAC = "bad_mac"
    UNKNOWN_AP = "unknown_ap"
    BAD_TIME = "bad_time"
    TIME_IN_FUTURE = "time_in_future"
    BAD_RSSI = "bad_rssi"
    BAD_RANGE = "bad_range"
    NO_MEASUREMENT = "no_measurement"


class RecordRefusal(StrEnum):
    """Why what a vendor's system says gives nothing: one record of a message, or the whole message."""

    NOT_JSON = "not_json"
    NOT_PROTOBUF = "not_protobuf"
    BAD_SHAPE = "bad_shape"
    BAD_SECRET = "bad_secret"
    BAD_SIGNATURE = "bad_signature"
    TOO_LARGE = "too_large"
    SOURCE_ERROR = "source_error"
    UNKNOWN_SOURCE = "unknown_source"
    REPLAYED = "replayed"
    NO_MAC = "no_mac"
    BAD_MAC = "bad_mac"
    HASHED_MAC = "hashed_mac"
    ENCRYPTED = "encrypted"
    AP_MAC = "ap_mac"
    NO_AP = "no_ap"
    NO_RSSI = "no_rssi"
    BAD_RSSI = "bad_rssi"
    BAD_RANGE = "bad_range"
    BAD_TIME = "bad_time"
    NO_POSITION = "no_position"
    UNKNOWN_MAP = "unknown_map"
    OFF_PLAN = "off_plan"
    VAGUE_POSITION = "vague_position"
    WIRED = "wired"
    NOT_WIFI = "not_wifi"
    NOT_A_PHONE = "not_a_phone"
    NOT_A_VISITOR = "not_a_visitor"
    DUPLICATE = "duplicate"
    STALE = "stale"
    AMBIGUOUS = "ambiguous"


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


class SourceState(StrEnum):
    """How a source does."""

    LIVE = "live"
    SILENT = "silent"
    NEVER = "never"
    REFUSED = "refused"  # most of what it says cannot be used


NO_LOSS = frozenset(
    {
        RecordRefusal.WIRED,
        RecordRefusal.NOT_WIFI,
        RecordRefusal.NOT_A_PHONE,
        RecordRefusal.NOT_A_VISITOR,
        RecordRefusal.AP_MAC,
        RecordRefusal.DUPLICATE,
        RecordRefusal.STALE,
    }
)
"""What is left out as it should be: a store that hears much of it is not deaf."""


class SourceSession(StrEnum):
    """What a vendor's system says of a phone beside where it is."""

    CONNECT = "connect"
    DISCONNECT = "disconnect"
    UPDATE = "update"  # still there
    ENTER = "enter"  # a zone of the vendor's
    EXIT = "exit"
    PRESENT = "present"  # in a list that was asked for
    AUTHORIZE = "authorize"  # through a captive portal


class PortalSystem(StrEnum):
    """Whose captive portal sent a phone to the sign-in page. `generic` is one that we know by its names only."""

    AEROHIVE = "aerohive"
    ALCATEL = "alcatel"
    ALTA = "alta"
    ARUBA = "aruba"
    ARUBA_INSTANT_ON = "aruba_instant_on"
    CAMBIUM = "cambium"
    CISCO = "cisco"
    COOVACHILLI = "coovachilli"
    DLINK = "dlink"
    DRAYTEK = "draytek"
    EXTREME = "extreme"
    FORTINET = "fortinet"
    GENERIC = "generic"
    GRANDSTREAM = "grandstream"
    HUAWEI = "huawei"
    MERAKI = "meraki"
    MIKROTIK = "mikrotik"
    MIST = "mist"
    NODOGSPLASH = "nodogsplash"
    OMADA = "omada"
    OPENNDS = "opennds"
    PFSENSE = "pfsense"
    RUCKUS = "ruckus"
    RUIJIE = "ruijie"
    SMARTZONE = "smartzone"
    SONICWALL = "sonicwall"
    UNIFI = "unifi"
    ZYXEL = "zyxel"


class PortalRefusal(StrEnum):
    """Why a captive portal's redirect names no phone that can be believed."""

    NO_MAC = "no_mac"
    BAD_MAC = "bad_mac"
    AP_MAC = "ap_mac"
    AMBIGUOUS = "ambiguous"
    ENCRYPTED = "encrypted"
    HASHED_MAC = "hashed_mac"
    BAD_SECRET = "bad_secret"
    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    BAD_SHAPE = "bad_shape"


class CapportFlaw(StrEnum):
    """What is wrong with an answer of a captive portal's API (RFC 8908)."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    BAD_MEDIA_TYPE = "bad_media_type"
    NO_CAPTIVE = "no_captive"
    BAD_VALUE = "bad_value"
    PLAIN_HTTP = "plain_http"


class WayOut(StrEnum):
    """How a captive portal is told to let a phone out."""

    BROWSER_GET = "browser_get"  # the phone's browser opens an address of the controller
    BROWSER_POST = "browser_post"  # the phone's browser sends a form to the controller
    SERVER_CALL = "server_call"  # our server calls the controller
    GATEWAY_ASKS = "gateway_asks"  # the gateway asks our server whom to let out
    UNKNOWN = "unknown"


class LetOut(StrEnum):
    """What became of a phone that asked to be let out. After `waiting` come the ways in which it was not."""

    OPENED = "opened"
    SENT_ON = "sent_on"
    WAITING = "waiting"
    NOT_DECLARED = "not_declared"
    NO_PHONE = "no_phone"
    INCOMPLETE = "incomplete"
    HOST_NOT_ALLOWED = "host_not_allowed"
    CONTROLLER_AWAY = "controller_away"
    CONTROLLER_REFUSED = "controller_refused"
    PHONE_UNKNOWN = "phone_unknown"
    BAD_ANSWER = "bad_answer"


class StoreTrouble(StrEnum):
    """Why what is said of a store is not live."""

    DATABASE_AWAY = "database_away"
    ENGINE_SILENT = "engine_silent"
    BROKER_AWAY = "broker_away"
    MAKING_MAP = "making_map"
    MOSTLY_LATE = "mostly_late"
    MOSTLY_REFUSED = "mostly_refused"


class SessionChange(StrEnum):
    """What a device did with the network."""

    CONNECT = "connect"
    DISCONNECT = "disconnect"


class Proof(StrEnum):
    """What proved that a phone is its shopper's. A phone is bound to no profile without one of these."""

    SESSION = "session"  # the network gave the caller's address to this phone
    REDIRECT = "redirect"  # the controller signed the address that it sent this phone to
    CODE = "code"  # who entered a code shown in the store has this phone: it was located beside it


class VisitChange(StrEnum):
    """What a device did with a zone."""

    ENTER = "enter"
    LEAVE = "leave"


class DecisionOutcome(StrEnum):
    """Whether a trigger gets its voucher."""

    ISSUE = "issue"
    REFUSE = "refuse"


class DecisionReason(StrEnum):
    """Why a trigger got its voucher (`ok`), or why it did not: all the rest."""

    OK = "ok"
    # What the pure rules say, in their order.
    NOT_LINKED = "not_linked"
    NO_CONSENT = "no_consent"
    CAMPAIGN_UNKNOWN = "campaign_unknown"
    OTHER_STORE = "other_store"
    CAMPAIGN_PAUSED = "campaign_paused"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    OUTSIDE_HOURS = "outside_hours"
    QUIET_HOURS = "quiet_hours"
    TOO_LATE = "too_late"
    IMPRECISE = "imprecise"
    AUDIENCE = "audience"
    MUTED = "muted"
    OWN_QUIET_HOURS = "own_quiet_hours"
    LEGAL_CAP = "legal_cap"
    LEGAL_CHANNEL = "legal_channel"
    NO_GAIN = "no_gain"
    # What the claim says, in its order.
    ALREADY_DECIDED = "already_decided"
    LOST_ARBITRATION = "lost_arbitration"
    ALREADY_ISSUED = "already_issued"
    CAP_VISIT = "cap_visit"
    CAP_DAY = "cap_day"
    CAP_WEEK = "cap_week"
    CAP_OWN_DAY = "cap_own_day"
    CAP_OWN_WEEK = "cap_own_week"
    CAP_CAMPAIGN_DAY = "cap_campaign_day"
    CAP_CAMPAIGN_WEEK = "cap_campaign_week"
    BUDGET = "budget"
    HOLDOUT = "holdout"
    """A ghost trigger: a control shopper's moment, see `engine.offers.experiments`."""


class MuteKind(StrEnum):
    """What a shopper may want nothing more of."""

    PRODUCT = "product"
    CATEGORY = "category"
    SHOP = "shop"
    ALL = "all"


class VoucherState(StrEnum):
    """How far a voucher has come. The first three can still be redeemed."""

    ISSUED = "issued"
    DELIVERED = "delivered"
    SEEN = "seen"
    REDEEMED = "redeemed"
    VOIDED = "voided"
    EXPIRED = "expired"


class WalletChangeKind(StrEnum):
    """What became of a coupon that its shopper has."""

    REDEEMED = "redeemed"
    RETURNED = "returned"  # the till took the redemption back
    VOIDED = "voided"
    EXPIRED = "expired"


class DeliveryState(StrEnum):
    """How far a message has come."""

    PENDING = "pending"
    ACKNOWLEDGED = "acknowledged"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # the shopper took the consent back while it was on its way


class DeliveryReason(StrEnum):
    """Why a channel did not bring a message, the last one that tried."""

    NOT_SHOWN = "not_shown"
    NO_SUBSCRIPTION = "no_subscription"
    PUSH_GONE = "push_gone"
    PUSH_REFUSED = "push_refused"
    PUSH_BUSY = "push_busy"
    PUSH_UNREACHABLE = "push_unreachable"
    NO_ADDRESS = "no_address"
    WEBHOOK_REFUSED = "webhook_refused"
    WEBHOOK_UNREACHABLE = "webhook_unreachable"
    CHANNEL_OFF = "channel_off"  # the site no longer has it, or the shopper no longer wants it
    SMS_HOURS = "sms_hours"
    WITHDRAWN = "withdrawn"


class LetterState(StrEnum):
    """How far an e-mail has come."""

    WAITING = "waiting"
    SENT = "sent"  # its server took it
    FAILED = "failed"


class LetterReason(StrEnum):
    """Why an e-mail was not taken."""

    UNREACHABLE = "unreachable"
    SIGN_IN = "sign_in"
    LATER = "later"  # the server said 4xx
    REFUSED = "refused"  # the server said 5xx
    BAD_ADDRESS = "bad_address"
    TOO_LATE = "too_late"


class RetentionRule(StrEnum):
    """What is forgotten in time."""

    SALTS = "salts"
    DAY_KEYS = "day_keys"
    JOURNAL = "journal"
    CHECKPOINTS = "checkpoints"
    VISITS = "visits"
    DECISIONS = "decisions"
    SHARE_VISITS = "share_visits"
    DELIVERIES = "deliveries"
    ANSWERS = "answers"
    CAP_COUNTS = "cap_counts"
    RECEIVED = "received"
    PROSPECTS = "prospects"


class Purpose(StrEnum):
    """What a shopper may agree to."""

    STATISTICS = "statistics"
    LOCATION_OFFERS = "location_offers"
    CRM = "crm"
    CLERK = "clerk"
    LOCATION_LEARNING = "location_learning"  # what the phone's place at a shelf teaches of the store's radio


class Channel(StrEnum):
    """On which way a shopper may be reached. `any` is for purposes that know no channels."""

    ANY = "any"
    PAGE = "page"
    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"


class Account(StrEnum):
    """The accounts of a programme of points, from the programme's side."""

    AVAILABLE = "member_available"
    PENDING = "member_pending"
    ISSUED = "programme_issued"
    BURNED = "burned"
    EXPIRED = "expired"
    CLAWBACK = "clawback"


class EntryKind(StrEnum):
    """Why points moved."""

    SHARE_VISIT = "share_visit"
    RELEASE = "release"
    BURN = "burn"
    EXPIRE = "expire"
    CLAWBACK = "clawback"
    REVERSAL = "reversal"


class IdentifierKind(StrEnum):
    """By what a person can be known on another phone, once it is proved."""

    EMAIL = "email"
    CARD = "card"


class LinkFate(StrEnum):
    """What a link that came by e-mail came to."""

    OPEN = "open"  # waits for a tap
    SIGNED_IN = "signed_in"
    ADDED = "added"
    MERGED = "merged"
    NOBODY = "nobody"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class PointsState(StrEnum):
    """Where the points are that one opening of a shared link brought."""

    PENDING = "pending"
    REVIEW = "review"
    ACTIVE = "active"
    REFUSED = "refused"
    CAPPED = "capped"


class ReviewVerdict(StrEnum):
    """What became of points that a shared link brought and that looked like one person's."""

    FLAGGED = "flagged"  # by the model
    CLEARED = "cleared"  # by the model, since more was seen
    ACCEPTED = "accepted"
    REFUSED = "refused"


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
    LEDGER_KEY_REUSED = "ledger_key_reused"
    NOT_ENOUGH_POINTS = "not_enough_points"
    REVIEWED_ALREADY = "reviewed_already"
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
    # On pages only
    SHARE_GONE = "share_gone"
    SHARE_OVER = "share_over"
    STORE_UNKNOWN = "store_unknown"
    NICEGUI_BUSY = "nicegui_busy"
    # Us
    STORAGE_UNAVAILABLE = "storage_unavailable"
    INTERNAL = "internal"
