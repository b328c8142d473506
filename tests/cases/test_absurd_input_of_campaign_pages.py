"""Pages of campaigns answered 500 to absurd input: results of the year 1, and versions of brackets in brackets.

Input: `results?from=0001-01-01&to=0001-01-01`; an import whose hidden field `versions` holds 100,000 brackets. Right
value: a page, of the earliest day there is; and the file is taken in as by somebody who has read no version.
"""

from __future__ import annotations

from tests.api.site import Site


def test_absurd_input_is_no_internal_error(site: Site) -> None:
    with site.manager() as manager:
        far = manager.get("/campaigns/corner/tea-20/results?from=0001-01-01&to=0001-01-01")
        assert (far.status_code, "2000-01-01" in far.text) == (200, True)
        text = "version: 1\nstore: corner\ncampaigns: []\n"
        deep = manager.post("/campaigns/corner/_import", data={"text": text, "versions": "[" * 100_000, "do": "save"})
        assert deep.status_code == 303
