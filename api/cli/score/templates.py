"""The templates of `rayon score --html`: one environment for the page and for the part on points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def render(template: str, **values: Any) -> str:
    """The template, filled and escaped."""
    return _templates.get_template(template).render(**values)
