"""The engine. What is released under this number stands in CHANGELOG.md; pyproject.toml reads it from here."""

__version__ = "0.2.0"
