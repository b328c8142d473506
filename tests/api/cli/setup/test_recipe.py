"""The container's recipe: what of the site is mounted where."""

from __future__ import annotations

import re

from api.cli.setup.service import recipe_text
from engine.config import Config


def mounts(config: Config) -> dict[str, str]:
    return dict(re.findall(r"--volume (\S+?):(\S+)", recipe_text(config)))


def test_a_site_in_its_folder_and_one_with_data_elsewhere() -> None:
    here = Config.model_validate({"storage": {"data_dir": "data"}, "stores": {"floorplans_dir": "plans"}})
    assert mounts(here) == {
        "./config.yaml": "/site/config.yaml:ro,Z",
        "./plans": "/site/plans:ro,Z",
        "./data": "/site/data:Z",
    }
    elsewhere = Config.model_validate({"storage": {"data_dir": "/srv/rayon"}, "stores": {"floorplans_dir": "plans"}})
    assert mounts(elsewhere)["/srv/rayon"] == "/srv/rayon:Z"


def test_one_user_all_the_way_and_time_to_stop() -> None:
    text = recipe_text(Config())
    ids = re.findall(r"uid[= ](\d+)", text) + re.findall(r"gid[= ](\d+)", text)
    assert len(ids) == 5
    assert set(ids) == {"10001"}
    assert "--stop-timeout 60" in text
    assert text.rstrip().endswith('CMD ["rayon", "serve", "--config", "config.yaml"]')
