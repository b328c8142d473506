"""What comes in from a store's network, what of it cannot be used, and why."""

from __future__ import annotations

from enum import StrEnum


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
    DECODER_FAULT = "decoder_fault"
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
    DUPLICATE = "duplicate"
    STALE = "stale"
    AMBIGUOUS = "ambiguous"
    NO_ID = "no_id"
    BAD_AMOUNT = "bad_amount"
    UNKNOWN_CURRENCY = "unknown_currency"
    UNKNOWN_PLACE = "unknown_place"
    UNKNOWN_STATE = "unknown_state"
    OUTSIDE_WINDOW = "outside_window"


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


class StoreTrouble(StrEnum):
    """Why what is said of a store is not live."""

    DATABASE_AWAY = "database_away"
    DATABASE_NEWER = "database_newer"  # than the program, which writes nothing any more
    ENGINE_SILENT = "engine_silent"
    BROKER_AWAY = "broker_away"
    MAKING_MAP = "making_map"
    MOSTLY_LATE = "mostly_late"
    MOSTLY_REFUSED = "mostly_refused"


class SessionChange(StrEnum):
    """What a device did with the network."""

    CONNECT = "connect"
    DISCONNECT = "disconnect"
