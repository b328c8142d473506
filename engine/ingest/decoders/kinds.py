"""Every decoder by the name of its kind, as `sources:` in config.yaml and `rayon decode` name it."""

from __future__ import annotations

from engine.ingest.decoders.heard import Decoder

DECODERS: dict[str, Decoder] = {}
