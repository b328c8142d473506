"""Lets a phone out: calls its controller, or says what the phone's browser has to do."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from api.portal.calls import Controller, ControllerTrouble
from api.portal.controllers import omada, others, ruckus, unifi
from api.portal.doors import Door, Doors
from api.portal.records import LetOutResult, PhoneAsked
from api.portal.wifidog import gateway_token
from engine.ingest.portals.hosts import is_allowed
from engine.ingest.portals.landing import Fields
from engine.ingest.portals.parse import SYSTEMS
from engine.ingest.portals.records import BrowserStep, Onward, PortalRedirect, Step
from engine.ingest.portals.systems.extreme import approve
from engine.ingest.portals.systems.opennds import AS_SENT, ASKING_LEVEL, gateway_hash, return_token
from engine.vocabulary import LetOut, PortalSystem

log = logging.getLogger(__name__)

AUTHORIZE: Mapping[PortalSystem, Callable[[Controller, PhoneAsked], Awaitable[None]]] = {
    PortalSystem.UNIFI: unifi.authorize,
    PortalSystem.OMADA: omada.authorize,
    PortalSystem.SMARTZONE: ruckus.authorize,
    PortalSystem.SONICWALL: others.authorize_sonicwall,
    PortalSystem.ALTA: others.authorize_alta,
}
"""Systems that our server calls. SmartZone and Alta take what they sent, the others need the phone's address."""

_NEED_A_PHONE = frozenset({PortalSystem.UNIFI, PortalSystem.OMADA, PortalSystem.SONICWALL})


async def let_out(doors: Doors, store: str, redirect: PortalRedirect, onward_url: str, now: float) -> LetOutResult:
    """What became of the phone. Raises nothing that a controller or a redirect could cause: it is said, and logged."""
    door = doors.door(store, redirect)
    if door is None:
        return LetOutResult(LetOut.NOT_DECLARED)
    try:
        return await _through(doors, door, redirect, Onward(onward_url, door.config.session_s), now)
    except ControllerTrouble as trouble:
        log.warning("%s: the %s portal let nobody out: %s", store, door.config.system, trouble)
        return LetOutResult(trouble.outcome)
    except ValueError as error:  # what the redirect lacks
        log.warning("%s: a redirect of %s: %s", store, redirect.system, error)
        return LetOutResult(LetOut.INCOMPLETE)


async def _through(doors: Doors, door: Door, redirect: PortalRedirect, onward: Onward, now: float) -> LetOutResult:
    system, fields = door.config.system, redirect.landing.fields
    step = _step_of(door, redirect, now)
    if system is PortalSystem.OPENNDS and door.config.fas_level >= ASKING_LEVEL:
        hid, name = fields.first("hid"), fields.first(AS_SENT)
        if not hid:
            raise ValueError("no hid")
        rhid, minutes = return_token(hid, door.account.secret), -(-onward.seconds // 60)
        doors.waiting.add(door.config.store, gateway_hash(name), rhid, minutes, now)
        return LetOutResult(LetOut.WAITING)
    if system in AUTHORIZE and door.controller is not None and step is None:
        if redirect.client_mac is None and system in _NEED_A_PHONE:
            return LetOutResult(LetOut.NO_PHONE)
        site, seconds = door.config.site, onward.seconds
        asked = PhoneAsked(redirect.client_mac or "", redirect.ap, site, seconds, door.account, fields)
        await AUTHORIZE[system](door.controller, asked)
        return LetOutResult(LetOut.OPENED)
    if step is None:
        return LetOutResult(LetOut.NOT_DECLARED)
    account, landing, hosts = door.account, redirect.landing, list(door.config.allowed_hosts)
    if system is PortalSystem.GENERIC and door.config.url:
        landing = replace(landing, fields=Fields((("loginurl", door.config.url),)) + fields)
        hosts.append(urlsplit(door.config.url).netloc)
    if system is PortalSystem.RUIJIE:
        if redirect.client_mac is None:
            return LetOutResult(LetOut.NO_PHONE)
        token = gateway_token(doors.secrets, door.config.store, redirect.client_mac, now + onward.seconds)
        account = replace(account, secret=token)
    return _browser_step(door, step(landing, account, onward), hosts)


def _step_of(door: Door, redirect: PortalRedirect, now: float) -> Step | None:
    """The browser's step for this redirect; None for a system that our server calls. A system whose redirect could not
    be told from others' is asked for by the declaration."""
    if door.config.system is PortalSystem.EXTREME:
        return lambda landing, account, onward: approve(landing, door.config.username, account, onward, now)
    for system in SYSTEMS.values():
        if system.name is redirect.system and system.matches(redirect.landing):
            return None if door.config.system in AUTHORIZE and system.name is PortalSystem.GENERIC else system.step
    return None


def _browser_step(door: Door, step: BrowserStep, hosts: list[str]) -> LetOutResult:
    if not is_allowed(step.url, door.config.system, hosts):
        log.warning("%s: a redirect leads to a host that portals.allowed_hosts does not name", door.config.store)
        return LetOutResult(LetOut.HOST_NOT_ALLOWED)
    return LetOutResult(LetOut.SENT_ON, step)
