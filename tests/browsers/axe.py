"""axe's rules on the page that a browser shows, best practices included."""

from __future__ import annotations

import importlib.resources

from selenium.webdriver import Chrome

AXE = (importlib.resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
RUN = """
const done = arguments[0];
axe.run(document, { resultTypes: ["violations"] }).then((said) =>
  done(said.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`)));
"""


def violations(browser: Chrome) -> list[str]:
    """What axe finds. CDP runs it beside the page's content policy."""
    browser.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
    found: list[str] = browser.execute_async_script(RUN)
    return found
