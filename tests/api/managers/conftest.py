"""The browser of the managers' tests."""

from tests.browser import chromium

__all__ = ["chromium"]
