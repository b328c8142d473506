"""Who is responsible, on the first layer; a site that serves real people does not start without it."""

from __future__ import annotations

import pytest

from engine.config import ApiConfig, Config, check_controller
from engine.errors import OperatorError
from tests.api.site import Site

FILLED = {
    "name": "Épicerie du coin SARL",
    "address": "1 rue de la Paix, 75002 Paris",
    "email": "bonjour@example.org",
    "dpo_name": "Camille Roy",
    "dpo_email": "dpo@example.org",
    "recipients": ["Hébergeur SAS, Roubaix"],
}
PAGES = ("/w/corner", "/opt-out/corner", "/notice/corner")


@pytest.mark.parametrize("path", PAGES)
def test_what_is_not_filled_in_is_said(site: Site, path: str) -> None:
    with site.client() as visitor:
        assert "pas encore dit qui en est responsable" in visitor.get(path).text
        assert "has not yet said who is responsible" in visitor.get(path + "?lang=en").text


class TestFilledIn:
    @pytest.fixture
    def config(self) -> Config:
        kept = {"visits_days": 111, "state_hours": 7}
        return Config.model_validate({"api": ApiConfig(port=0), "controller": FILLED, "retention": kept})

    @pytest.mark.parametrize("path", PAGES[:2])
    @pytest.mark.parametrize("lang", ["fr", "en"])
    def test_the_first_layer_says_who_why_how_long_rights_and_dpo(self, site: Site, path: str, lang: str) -> None:
        with site.client() as visitor:
            page = visitor.get(f"{path}?lang={lang}").text
            notice = page.split('id="notice"')[1].split("</section>")[0]
        for said in (*(FILLED[key] for key in ("name", "address", "email", "dpo_email")), "111", "7", "CNIL"):
            assert str(said) in notice, said
        assert "missing" not in notice
        assert f'href="/notice/corner?lang={lang}"' in notice

    def test_the_whole_says_each_purpose_and_who_gets_it(self, site: Site) -> None:
        with site.client() as visitor:
            page = visitor.get("/notice/corner").text
            assert visitor.get("/notice/nowhere").status_code == 404
        for said in (
            "Camille Roy",
            "Hébergeur SAS, Roubaix",
            "Intérêt légitime",
            "Votre accord",
            "Compter l'affluence",
        ):
            assert said.replace("'", "&#39;") in page, said
        assert "Reconnaissance par" not in page, "what this site does not do"


@pytest.mark.parametrize("api", [{"public_url": "https://rayon.example"}, {"secure_cookies": True}])
def test_production_does_not_start_without_it(api: dict[str, object]) -> None:
    config = Config.model_validate({"api": api, "controller": {"name": "Shop"}})
    with pytest.raises(OperatorError) as refused:
        check_controller(config, "site.yaml")
    assert [(p.file, p.place) for p in refused.value.problems] == [
        ("site.yaml", f"controller.{key}") for key in ("address", "email", "dpo_email")
    ]
    assert all("in production" in p.reason and "fill it in" in p.fix for p in refused.value.problems)


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"api": {"public_url": "http://192.0.2.7:8000"}},
        {"api": {"public_url": "https://demo.example"}, "privacy": {"demo": True}},
        {"api": {"secure_cookies": True}, "controller": FILLED},
    ],
)
def test_trials_demos_and_sites_that_say_it_do(sections: dict[str, object]) -> None:
    check_controller(Config.model_validate(sections), "config.yaml")
