"""The browser of the console's tests."""

from tests.browser import chromium

__all__ = ["chromium"]
