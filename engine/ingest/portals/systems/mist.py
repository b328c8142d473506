"""Juniper Mist: the browser is sent to the cloud with a signed token; which is not built here yet."""

from __future__ import annotations

from engine.ingest.portals.records import System
from engine.vocabulary import PortalSystem, WayOut

MIST = System(PortalSystem.MIST, lambda at: at.fields.have("wlanid", "apmac", "clientmac"), WayOut.UNKNOWN)
