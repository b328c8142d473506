"""Pictures of the console's pages of people, to look at: `python -m tests.api.accounts.pictures DIR`."""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

from engine.config import ApiConfig, Config
from engine.vocabulary import Role
from tests.api.conftest import served
from tests.api.site import PASSWORD, small_plan
from tests.browser import click, wait_for, write
from tests.pictures import phone

SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1280, 900)}


def main(target: str) -> None:
    """Sign-in, people, somebody, account and audit, in three sizes, light in French and dark in English."""
    Path(target).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, served(
        f"sqlite:///{folder}/rayon.db", Config(api=ApiConfig(port=0)), small_plan()
    ) as site:  # fmt: skip
        site.account("ana", (Role.ADMIN, "*"))
        zoe = site.account("Zoé", (Role.MANAGER, "corner"), (Role.TILL_ADMIN, "corner"), password=None)
        for scheme, lang in (("light", "fr"), ("dark", "en")):
            browser = phone(Path(folder), scheme)
            paths = {"sign-in": "/people", "people": "/people", "person": f"/people/{zoe.account_id}",
                     "account": "/account", "audit": "/audit", "invitation": "/invitation/made-up"}  # fmt: skip
            for name, path in paths.items():
                browser.get(f"{site.url}{path}?lang={lang}")
                for size, (width, height) in SIZES.items():
                    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"}
                    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
                    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
                    (Path(target) / f"{name}-{size}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))
                if name == "sign-in":
                    write(browser, "[name=name]", "ana")
                    write(browser, "[name=password]", PASSWORD)
                    click(browser, "form button.main")
                    wait_for(browser, "ul.past")
            browser.quit()


if __name__ == "__main__":
    main(sys.argv[1])
