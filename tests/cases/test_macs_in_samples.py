"""Ten spellings of a MAC stayed unmasked in samples of refused frames, and a source named like one stood in /health.

Input: addresses in every spelling that a controller, a log or a mistake may give them. Right: no six bytes of a phone
in anything that people read.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.ingest.names import looks_like_a_name
from engine.ingest.samples import FrameSamples
from engine.masks import MASK, mask_macs

OCTETS = st.lists(st.integers(0, 255), min_size=6, max_size=6).filter(lambda o: len(set(o)) > 3)
SEPARATORS = [":", "-", ".", "_", " ", "/", "|", ", ", ": ", " - ", "::", "\t", "：", "‐", "·", "%3A", "%2d", "%253A"]
SEPARATORS += ["\\u003a", "&#58;", "&#x3a;", "&colon;", ":0x", " 0x", ",0x", "\\x", '","', "', '"]


def spelt(octets: list[int]) -> dict[str, str]:
    pairs = [f"{o:02x}" for o in octets]
    digits = "".join(pairs)
    out = {f"pairs {s!r}": s.join(pairs) for s in SEPARATORS}
    out |= {f"quads {s!r}": s.join(digits[i : i + 4] for i in (0, 4, 8)) for s in (".", ":", "-", " ", "_")}
    out |= {f"triples {s!r}": s.join(digits[i : i + 3] for i in (0, 3, 6, 9)) for s in (".", ":")}
    out |= {f"halves {s!r}": digits[:6] + s + digits[6:] for s in ("-", ":", " ")}
    out |= {
        "bytes": ",".join(map(str, octets)),
        "single": " ".join(digits),
        "reversed": ":".join(reversed(pairs)),
        "escaped digits": "".join(f"\\u{ord(c):04x}" for c in ":".join(pairs)),
        "full width": "".join(chr(ord(c) + 0xFEE0) for c in ":".join(pairs)),
        "eui-64": digits[:6] + "fffe" + digits[6:],
        "url": quote(":".join(pairs), safe=""),
        "0x": "0x" + digits,
    }
    out |= {
        "zero width": "\u200b".join(digits),
        "zero width, written out": "\\u200b".join(pairs),
        "marks": "\u0332".join(digits),
        "digits of another script": "".join(chr(0x0660 + int(c)) if c.isdigit() else c for c in ":".join(pairs)),
        "full width, written out": "".join(f"\\u{ord(c) + 0xFEE0:04x}" for c in digits),
        "url, digits too": "".join(f"%{ord(c):02X}" for c in digits),
        "html, digits too": "".join(f"&#{ord(c)};" for c in digits),
    }
    if any(c in "abcdef" for c in digits):
        out["in a longer number"] = "00" + digits + "00"
        out |= {f"odd {s!r}": odd(digits, s) for s in "-:._/|"}
        out["0x, two groups"] = f"0x{digits[:8]} {digits[8:]}" if not digits.isalpha() else digits
    return out


def odd(digits: str, separator: str) -> str:
    return separator.join((digits[:5], digits[5:10], digits[10:]))


HOLDERS: list[Callable[[str], str]] = [str, str.upper, "ap-{}-x".format, "client{}".format, '{{"q":"{}"}}'.format]


@given(OCTETS, st.sampled_from(HOLDERS))
def test_no_spelling_stays(octets: list[int], hold: Callable[[str], str]) -> None:
    left = {name: mask_macs(hold(text)) for name, text in spelt(octets).items()}
    wrong = {name: text for name, text in left.items() if MASK not in text}
    assert wrong == {}
    pairs = [f"{o:02x}" for o in octets]
    assert not any("".join(pairs) in text.lower() or ":".join(pairs) in text.lower() for text in left.values())


@given(OCTETS, st.sampled_from(["mac", "client_mac", "staMac", "bssid", "deviceAddr"]))
def test_under_the_name_of_an_address_nothing_stays(octets: list[int], name: str) -> None:
    """Encoded, it is no address to look at; its name says that it is one."""
    hidden = base64.b64encode(bytes(octets)).decode()
    assert hidden not in mask_macs(json.dumps({name: hidden, "rssi": -60}))


@pytest.mark.parametrize(
    "text",
    ['{"sent_at":1772355600.25,"t":1772355600250}', '"rssi":[-60,-61,-62,-63,-64,-65]', "rayon/supermarket/readings/x"],
)
def test_what_is_no_address_can_still_be_read(text: str) -> None:
    assert mask_macs(text) == text


@given(st.floats(1.6e9, 1.9e9).map(lambda t: f"{t:.6f}"), st.sampled_from(["t", "sent_at", "seen", "rssi"]))
def test_a_time_of_any_precision_can_still_be_read(t: str, key: str) -> None:
    frame = f'{{"sent_at": {t}, "readings": [{{"{key}":{t} ,"x":[{t},{t}]}}]}}'
    assert mask_macs(frame) == frame


@given(st.text("0123456789", min_size=6, max_size=6), st.text("123456789", min_size=6, max_size=6))
def test_in_texts_and_under_the_name_of_an_address_digits_are_no_number(first: str, last: str) -> None:
    """And where the text is no JSON, or is none any more, nobody knows what is a number."""
    digits = f"{last}.{first}"
    for frame in (
        f'{{"note":"{digits}"}}',
        f'{{"note":"at\\": {digits}, "}}',
        f'{{"sta":{digits}}}',
        f'{{"clientMac":[{digits}]}}',
        f"seen {digits}, gone",
        f"{{'note':{digits}}}",
        f'{{"a":1x,"t":{digits}}}',
        f'{{"t":{digits}:{digits}}}',
    ):
        assert MASK in mask_macs(frame) or digits not in mask_macs(frame), frame


def test_what_is_wrong_with_an_address_shows() -> None:
    assert mask_macs('{"mac":"not-a-mac","rssi":-60}') == '{"mac":"xxx-x-xxx","rssi":-60}'


@given(st.integers(10**10, 2**48 - 1).filter(lambda n: not 1_500_000_000_000 <= n < 2_100_000_000_000))
def test_six_bytes_as_one_number_are_masked(number: int) -> None:
    for frame in (f'{{"id":{number},"rssi":-60}}', f'{{"id":"{number}"}}', f"rayon/shop/readings/{number}"):
        assert str(number) not in mask_macs(frame)


def unforeseen(octets: list[int]) -> list[str]:
    """Spellings that `mask_macs` knows nothing of. There are always more."""
    pairs = [f"{o:02x}" for o in octets]
    digits = "".join(pairs)
    return [
        base64.b64encode(bytes(octets)).decode(),
        base64.b64encode(digits.encode()).decode(),
        base64.b32encode(bytes(octets)).decode(),
        base64.b85encode(bytes(octets)).decode(),
        "".join(f"\\{o:03o}" for o in octets),
        f"{int(digits, 16):e}",
        f"{float(int(digits, 16))}",
        f"[{int(digits[:6], 16)}, {int(digits[6:], 16)}]",
        f'{{"oui": "{digits[:6]}", "nic": {int(digits[6:], 16)}}}',
        "{" + ", ".join(f'"b{i}": {o}' for i, o in enumerate(octets)) + "}",
        "[" + ",\n         ".join(f'"{p}"' for p in pairs) + "]",
        f"{pairs[0]},{pairs[1]};{pairs[2]}+{pairs[3]}~{pairs[4]}*{pairs[5]}",
        "</b><b>".join(pairs),
        ":".join(pairs).translate(str.maketrans("ace", "\u0430\u0441\u0435")),
        *(separator.join(pairs) for separator in ("x", "z", "Z", " and ")),
    ]


PLACES = ['{{"id":{}}}', '{{"mac":{}}}', '{{"readings":[{{"ap":{}}}]}}', '{{"sent_at":{}}}', "{}", '{{"t":{}', "mac={}"]
SAID = re.compile(r"id|text of \d+|\d+ more|number|oui|nic|b\d|\\n|x+")


@given(OCTETS, st.sampled_from(PLACES))
@example(list((1_772_356_000_000).to_bytes(6, "big")), '{{"sent_at":{}}}')  # milliseconds of these years
@example(list((2_222_356_000).to_bytes(6, "big")), '{{"sent_at":{}}}')  # seconds
@example([152, 32, 128, 65, 128, 128], "mac={}")  # m>_^bfPe in base 85: our wire has a word m
@example([0, 0, 164, 195, 88, 28], '{{"readings":[{{"ap":{}}}]}}')  # 005-JSR4 in base 85
def test_a_spelling_that_nobody_foresaw_shows_nothing_either(octets: list[int], place: str) -> None:
    """No list of spellings is complete: what our wire has no name for is a shape, whatever it looks like. What our wire
    does have names for is shown, as a time or the name of an access point cannot be told from an address by chance."""
    for text in unforeseen(octets):
        for value in (text, json.dumps(text)):
            if ("sent_at" in place and is_a_time(value)) or (
                '"ap"' in place and value != text and looks_like_a_name(text)
            ):
                continue
            shown = sample(place.format(value))
            left = re.sub(r"[^\W_]+", lambda run: "" if run[0] in OURS else run[0], SAID.sub("", shown))
            assert not re.search(r"[^\W_]", left), (place.format(value), shown)


def is_a_time(text: str) -> bool:
    """Seconds, or milliseconds of these years."""
    if not re.fullmatch(r"[\d.e+]+", text):
        return False
    return float(text) < 10**10 or 1_500_000_000_000 <= float(text) <= 2_100_000_000_000


@given(OCTETS.filter(lambda o: max(o) > 9))
def test_nor_where_it_is_a_key(octets: list[int]) -> None:
    for text in (*unforeseen(octets)[:7], ":".join(f"{o:02x}" for o in octets)):
        shown = sample(json.dumps({text: 1}))
        # APASSAAAAA======, in base 32, sounds like a password's name: its value is not even said to be a number
        assert re.fullmatch(r'\{"[^a-wyz0-9]*":"(number|…)"\}', shown), (text, shown)
        samples = FrameSamples(1)
        samples.add("bad_shape", "meraki/v1/x", json.dumps({text: 1}).encode(), 1.0)
        assert samples.as_json()["bad_shape"][0]["payload"] == "{}", text


def test_numbers_of_an_object_under_the_name_of_an_address_are_bytes_of_it() -> None:
    samples = FrameSamples(1)
    said = {"clientMac": {"b0": 2, "b1": 171, "low": {"b2": 205}}, "rssi": -60, "a1b2c3d4z5": 1}
    samples.add("bad_shape", "meraki/v1/x", json.dumps(said).encode(), 1.0)
    shown = json.loads(samples.as_json()["bad_shape"][0]["payload"])
    assert shown == {"clientMac": {"b0": "number", "b1": "number", "low": {"b2": "number"}}, "rssi": -60}


OURS = (
    {"sent", "at", "readings", "mac", "ap", "t"}
    | {"rssi", "range", "m", "sigma", "band"}
    | {"true", "false", "null", "NaN"}
)


def sample(payload: str) -> str:
    samples = FrameSamples(1)
    samples.add("unknown_key", "rayon/shop/readings/c1", payload.encode(), 1.0)
    return str(samples.as_json()["unknown_key"][0]["payload"])


def test_what_a_frame_says_of_itself_can_still_be_read() -> None:
    frame = '{"sent_at":1772355600.25,"readings":[{"ap":"ap-checkout-2","t":1772355600250,"rssi":-60,"band":"5ghz"}]}'
    samples = FrameSamples(1)
    samples.add("unknown_key", "rayon/supermarket/readings/controller-1", frame.encode(), 1.0)
    (kept,) = samples.as_json()["unknown_key"]
    assert (kept["topic"], kept["payload"]) == ("rayon/supermarket/readings/controller-1", frame)
