"""OpenWrt's usteer over ubus: who hears which phone, of all access points of a shop.

Its nodes are names, `hostapd.wlan0` for the router that was asked and `10.0.0.1#hostapd.wlan0` for another. They become
access points through `local_info` and `remote_info`, which are noted as `ap_names`; a plan may also have them as names.
After a roam both nodes call the phone connected for minutes, so that no session is made of it.
"""

from __future__ import annotations

from typing import Any

from engine.ingest.decoders.heard import Decoded, VendorReading
from engine.ingest.decoders.loose import age_s, fields, rcpi_dbm, read_each, require_ap, to_signed_32
from engine.ingest.decoders.macs import ap_name, colon_mac
from engine.ingest.decoders.values import dbm, number, phone_mac, read_name

NODE = "hostapd."


def is_node(name: str) -> bool:
    """Whether a key is a node of usteer's."""
    return name.rpartition("#")[2].startswith(NODE)


def read_hearing(by_phone: dict[str, Any], out: Decoded) -> None:
    """`get_clients`: nodes by phone."""

    def read(row: tuple[str, str, Any]) -> None:
        address, node, said = row
        mac = phone_mac(address)
        out.readings.append(VendorReading(mac, _name(node), rssi_dbm=_signal(said)))

    rows = [
        (address, node, said)
        for address, nodes in by_phone.items()
        for node, said in (nodes.items() if isinstance(nodes, dict) else ((address, nodes),))
    ]
    read_each(rows, read, out)


def read_connected(by_node: dict[str, Any], out: Decoded) -> None:
    """`connected_clients`: phones by node, each with what it said itself of other access points, and how long ago."""

    def read(row: tuple[str, str, Any]) -> None:
        node, address, said = row
        mac, client = phone_mac(address), fields(said)
        measured = client.get("measurements")
        reports = measured if isinstance(measured, list) else []
        if client.get("signal") is not None or not reports:
            read_each([client], lambda c: out.readings.append(VendorReading(mac, node, rssi_dbm=_signal(c))), out)
        read_each(reports, lambda report: out.readings.append(_measurement(mac, report)), out)

    rows = [
        (node, address, said)
        for node, clients in by_node.items()
        for address, said in (clients.items() if isinstance(clients, dict) else ())
    ]
    read_each(rows, read, out)


def note_nodes(by_node: dict[str, Any], out: Decoded) -> None:
    """`local_info`, `remote_info`: the BSSID behind every name."""
    names = {
        node: bssid
        for node, said in by_node.items()
        if isinstance(said, dict) and (bssid := colon_mac(read_name(said.get("bssid")))) is not None
    }
    out.notes["ap_names"] = out.notes.get("ap_names", {}) | names


def _measurement(mac: str, report: Any) -> VendorReading:
    said = fields(report)
    told = "rssi" in said or "rcpi" not in said
    level = dbm(to_signed_32(said.get("rssi"))) if told else rcpi_dbm(number(said["rcpi"]), number(said.get("rsni")))
    return VendorReading(mac, _name(read_name(said.get("node"))), rssi_dbm=level, age_s=age_s(said.get("age")))


def _signal(said: Any) -> float:
    return dbm(to_signed_32(fields(said).get("signal")))


def _name(node: str) -> str:
    return require_ap(ap_name(node))
