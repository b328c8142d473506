"""Keys of a message that was refused: which may be shown as they are.

Somebody may have a phone's address for a key, and written in a way that no mask knows. Six bytes fit into no fewer than
eight letters and digits, so that a shorter key is none; one as long as an address comes to be when it is encoded is
shown where it is made of words that fields are named by. Random letters make such a word once in a thousand million.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

ENCODED = frozenset((8, 9, 10, 16, 20))
"""Characters: six bytes in bases 85, 64, 62, 58, 36 and 32; twelve digits in 64 and 32. `=` at the end is in no key."""

_SIGNS = re.compile(r"[_.-]|\d$")  # between words, and a number after them
_HUMP = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LIKE_OURS = 0.8  # of its letters in the same order: readigns
_WORDS = """
about accepted access account accuracy active address addresses age algorithm altitude angle antenna ap api app area
array arrived asset assoc associated at attributes available average azimuth back band bandwidth base battery beacon
beacons bearing begin bin bits bluetooth body boolean branch bssid buffer building by bytes campus category cell
center channel checksum city class client clients clock close cloud cmd code color company computed confidence
config connected connection content context controller coord coordinate coordinates count counter country created
current customer data date day debug delay delta density depth desc description destination detail details detected
detection device devices direction distance domain down duration dwell end engine entity entry epoch error errors
essid event events expires extra factor family feature features fields file filter first fix flag flags floor floors
format found frame frames freq frequency from gateway geo geometry group groups has header headers health heard
height hierarchy history host hostname hour hours id identifier ids image in index info input install interface
interval ip is item items json key kind label lang last lat latitude level levels lifetime limit line list lng load
local locate located location locations lon long longitude loss mac macs major manufacturer map maps max mean
measure measured measurement measurements message messages meta metadata meter meters method metric millis min minor
minute minutes missing mode model modified moved movement name names ndp neighbor network networks new next node
nodes noise notification num number observation observations observed of off offset on opened options order
organization orientation origin os output owner packet packets page parent path payload peer percent period phy
place planogram point points port pos position positions power precision prefix probe probing product products
profile protocol quality query queue radio radius random range ranges rate raw reading readings reason received
receiver record recorded records ref region remote report reported reporter reporting request response result
results retry role room row rows rssi rx sample samples scale scan scanned scanner scans schema score second seconds
secs section seen sensor sensors sent seq sequence serial server service set shop sigma signal signals site size sku
smoothed snr source span speed ssid standard start started state station stations statistics stats status store
stores strength string sub subject subscription sum system table tag tags target temperature tenant test text time
times timestamp timestamps timezone tolerance topic total track traffic transmit transmitter tx type types
uncertainty unit units unix unlocated up update updated uplink uptime url utc uuid valid value values variance
vector velocity vendor version visit visitor visitors visits vlan voltage wall weight width wifi window wireless
with wlan year zone zones
"""  # of fields, in messages of wireless systems
_FIELDS = frozenset(re.findall(r"[a-z]+", _WORDS))


@lru_cache(maxsize=4_096)
def may_hide_an_address(key: str, ours: tuple[str, ...] = ()) -> bool:
    """Whether a key may be six bytes, encoded: it is as long, made of other words than fields are named by, and like
    none of `ours`, which somebody may have misspelt."""
    if len(key) not in ENCODED:
        return False
    words = _HUMP.findall(key)
    if "".join(words) == _SIGNS.sub("", key) and all(word.lower() in _FIELDS for word in words):
        return False
    return not any(SequenceMatcher(None, key, own).ratio() >= _LIKE_OURS for own in ours)
