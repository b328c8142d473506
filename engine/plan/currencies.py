"""ISO 4217: the currencies in use, and how many decimals each has. Prices are whole numbers of the smallest unit.

The standard's minor units, not CLDR's digits for display, which say 0 for the dinar of Iraq or the lek.
"""

from __future__ import annotations

import re

_TWO = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
    CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
    KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
    NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
    TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"

EXPONENTS = dict.fromkeys(_TWO.split(), 2) | dict.fromkeys(_NONE.split(), 0) | dict.fromkeys(_THREE.split(), 3)
"""Decimals by currency: 2 for EUR, whose smallest unit is a hundredth; 0 for JPY; 3 for KWD."""

CURRENCIES = frozenset(EXPONENTS)


def minor_units(text: str, currency: str) -> int | None:
    """What a decimal number such as `2.79`, with a point or a comma, is in the smallest unit; None where it has more
    decimals than the currency, or is no such number. Raises KeyError where there is no such currency."""
    digits = EXPONENTS[currency]
    found = re.fullmatch(r"([0-9]{1,15})[.,]([0-9]+)", text)
    if found is None or len(found[2].rstrip("0")) > digits:
        return None
    return int(found[1] + found[2][:digits].ljust(digits, "0"))
