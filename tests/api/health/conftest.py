"""The browser of the tests of health pages."""

from tests.browser import chromium

__all__ = ["chromium"]
