"""A table whose columns were interchanged had a phone's address where a number or a product belongs, and the refusal
quoted it: people paste what a command says into tickets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.errors import OperatorError
from engine.files import read_readings, read_survey
from engine.files.experiments import POTENTIAL, read_potential
from engine.files.labels import read_labels, read_receipts
from engine.files.outcomes import read_sessions
from engine.files.surveyed import place_problems
from engine.spreadsheets import number_fix, quote_cell
from tests.engine.positioning.stores import hall

MAC = "3c:22:fb:9a:01:d7"
SPELT = re.compile("9a.?01|9A.?01")


def refused(read: object, path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OperatorError) as caught:
        read(path)  # type: ignore[operator]
    return str(caught.value)


@pytest.mark.parametrize("mac", [MAC, MAC.upper().replace(":", "-"), MAC.replace(":", ""), "3c22.fb9a.01d7"])
def test_no_refusal_of_a_table_quotes_an_address(mac: str, tmp_path: Path) -> None:
    plan, path = hall(), tmp_path / "t.csv"
    said = [
        refused(read_readings, path, f"t,device,ap,rssi_dbm\n{mac},5,ap0,-60\n6,phone,ap0,{mac}\n"),
        refused(read_readings, path, f"5,{mac},ap0,-60\n6,{mac},ap0,-60\n"),
        refused(read_readings, path, f"t,device,ap,{mac}\n5,phone,ap0,-60\n"),
        refused(read_readings, path, f"t,device,ap,rssi_dbm\n5,{mac}\x07,ap0,-60\n"),
        refused(lambda p: read_labels(p, plan, len), path, f"t,device,kind,sku\n5,NOU-001,shelf_scan,{mac}\n"),
        refused(lambda p: read_labels(p, plan, len), path, f"t,device,kind,sku\nx,p,{mac},{mac}\n6,p,{mac},{mac}\n"),
        refused(lambda p: read_labels(p, plan, len), path, f"t,device,kind,x_m,y_m,level\n5,p,survey,1,1,{mac}\n"),
        refused(lambda p: read_receipts(p, plan, len), path, f"t,device,sku\n5,NOU-001,{mac}\n"),
        refused(read_sessions, path, f"t,device,event,consent\n5,connect,{mac},{mac}\n"),
    ]
    fate = f"{mac},tea,0,1,0,1,1,0,100,0,50\n"
    said.append(refused(read_potential, path, ",".join(c.name for c in POTENTIAL) + "\n" + fate + fate))
    path.write_text(f"x_m,y_m,level,ap,rssi_dbm\n1,1,{mac},ap0,-60\n")
    said += [str(problem) for problem in place_problems(read_survey(path), plan)]
    assert [text for text in said if SPELT.search(text) or "xx:xx" not in text] == []
    assert (
        "not a number: 'xx:xx:xx:xx:xx:xx' (an address of a device stands here: are columns interchanged?)" in said[0]
    )
    assert "unknown product 'xx:xx:xx:xx:xx:xx' (an address of a device stands here" in said[4]


@pytest.mark.parametrize(
    "cell",
    ["soon", "2026-03-03 09:00:00", "03/03/2026 09:00", "1772528400,123", "-60 dBm", "１２", "aisle-12", "-1e999"],
)
def test_other_cells_are_quoted_as_they_are(cell: str) -> None:
    assert quote_cell(cell) == repr(cell)
    assert "address" not in number_fix("t", cell)
