"""OpenWrt, whatever of it speaks: hostapd, usteer, DAWN, the exporter, and MQTT publishers of who is there.

All of them answer in JSON objects without a name, one in a body or one a line. They are told apart by their shape; one
that has none of the shapes is refused, and never guessed.
"""

from __future__ import annotations

from typing import Any

from engine.errors import MessageRefused
from engine.ingest.decoders.bodies import json_value, written_lines
from engine.ingest.decoders.heard import Decoded, Told, VendorMessage
from engine.ingest.decoders.local import dawn, hostapd, presence_topics, usteer
from engine.ingest.decoders.local.exporter import is_exposition, read_exposition
from engine.ingest.decoders.loose import fields, looks_like_mac, read_each
from engine.ingest.decoders.macs import ap_name
from engine.ingest.decoders.values import RecordUnusable, phone_mac
from engine.vocabulary import RecordRefusal


def decode_openwrt(message: VendorMessage, told: Told) -> Decoded:
    """One body. Told `ap`, the access point that speaks. Raises MessageRefused: `not_json`, `too_large`."""
    out = Decoded()
    if presence_topics.read(message, out):
        return out
    ap = ap_name(told.options.get("ap", "") or told.options.get("bssid", ""))
    read_each(_objects(message.body, ap, out), lambda found: _read(found, ap, out), out)
    return out


def _objects(body: bytes, ap: str, out: Decoded) -> list[Any]:
    """The objects of a body: one, a list of them, or one a line. An exporter's text is read at once, and has none."""
    try:
        found = json_value(body)
        return found if isinstance(found, list) else [found]
    except MessageRefused as refusal:
        if refusal.reason != RecordRefusal.NOT_JSON:
            raise
        lines = body.decode("utf-8", "replace").splitlines()
        if not any(line.lstrip().startswith("{") for line in lines):
            if not is_exposition("\n".join(lines)):
                raise refusal
            read_exposition("\n".join(lines), ap, out)
            return []
    return _by_line(lines, out)


def _by_line(lines: list[str], out: Decoded) -> list[Any]:
    """One object a line, as `ubus subscribe` prints them. Raises MessageRefused where no line is JSON."""
    found: list[Any] = []
    written = written_lines(lines)
    for line in written:
        try:
            found.append(json_value(line.encode()))
        except MessageRefused:
            out.refuse(RecordRefusal.NOT_JSON)
    if not found:
        raise MessageRefused(RecordRefusal.NOT_JSON, f"{len(written)} lines that are no JSON")
    return found


def _read(found: Any, ap: str, out: Decoded) -> None:
    said = fields(found)
    if not said:
        out.ignored += 1
    elif dawn.is_message(said):
        dawn.read_message(said, out)
    elif hostapd.EVENTS & said.keys():
        read_each(
            [(kind, event) for kind, event in said.items() if kind in hostapd.EVENTS],
            lambda event: hostapd.read_event(event[0], event[1], ap, out),
            out,
        )
    elif isinstance(said.get("clients"), dict):
        if isinstance(said.get("bssid"), str):  # DAWN's own form of a client list
            dawn.read_message({"method": dawn.CLIENTS, "data": said}, out)
        else:
            hostapd.read_clients(said["clients"], ap, out)
    elif isinstance(said.get("results"), list):
        hostapd.read_stations(said["results"], ap, out)
    elif isinstance(said.get("nodes"), dict) and not any(map(looks_like_mac, said)):
        _read_client_info(said, out)
    else:
        _read_by_keys(said, ap, out)


def _read_client_info(said: dict[str, Any], out: Decoded) -> None:
    """usteer's `get_client_info`: the phone is whom one asked for, and not in the answer."""
    usteer.read_hearing({phone_mac(said.get("address") or said.get("mac")): said["nodes"]}, out)


def _read_by_keys(said: dict[str, Any], ap: str, out: Decoded) -> None:
    """Objects by the names of things: phones, nodes, interfaces, SSIDs, kinds of events."""
    objects = {key: inside for key, inside in said.items() if isinstance(inside, dict)}
    if not objects:
        if all(isinstance(inside, list) for inside in said.values()) or _is_silent(said):
            out.ignored += 1
            return
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)
    if any(map(looks_like_mac, objects)):
        usteer.read_hearing(said, out)
    elif any(map(usteer.is_node, objects)):
        _read_nodes(objects, ap, out)
    elif any(_by_mac(inside) for inside in objects.values()):
        dawn.read_map(objects, out)
    elif all(not inside for inside in objects.values()) or _is_silent(said):
        out.ignored += 1
    else:
        raise RecordUnusable(RecordRefusal.BAD_SHAPE)


def _read_nodes(by_node: dict[str, Any], ap: str, out: Decoded) -> None:
    """usteer's nodes, or an agent's interfaces: what stands under each name tells which."""
    for node, said in by_node.items():
        if isinstance(said.get("clients"), dict):
            hostapd.read_clients(said["clients"], ap or node, out)
        elif "bssid" in said:
            usteer.note_nodes({node: said}, out)
        elif _by_mac(said):
            usteer.read_connected({node: said}, out)
        elif said.keys() & hostapd.EVENTS:
            _read(said, ap or node, out)
        else:
            out.ignored += 1  # a node without a phone


def _by_mac(inside: dict[str, Any]) -> bool:
    return any(looks_like_mac(key) and isinstance(said, dict) for key, said in inside.items())


def _is_silent(said: dict[str, Any]) -> bool:
    """Events of hostapd that say nothing of where phones are."""
    return bool(said.keys() & _SILENT)


_SILENT = frozenset(
    ("bss-transition-response", "bss-transition-query", "link-measurement-report", "key-mismatch", "radar-detected",
     "channel-switch", "wps-event", "coloring-event", "bss.add", "bss.remove", "bss.reload", "freq", "status")
)  # fmt: skip
