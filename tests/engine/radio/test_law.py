"""The law's coefficients by their names, and the rows they are multiplied with."""

from __future__ import annotations

import numpy as np

from engine.radio.law import SHARED, LawCoefficients, law_design


def test_coefficients_stand_where_their_names_say() -> None:
    law = LawCoefficients(np.array([1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 20.0, 21.0, 22.0]))
    assert (law.power_db, law.exponent, law.loss_scale) == (1.0, 2.0, 3.0)
    assert law.ap_power_db.tolist() == [10.0, 11.0, 12.0]
    assert law.ap_exponent.tolist() == [20.0, 21.0, 22.0]
    assert SHARED == 3


def test_a_row_times_the_coefficients_is_what_the_law_changes() -> None:
    """RSSI less the prior's: power + own power - (exponent + own) 10 log10 d - scale x crossings."""
    vector = np.array([1.0, 0.2, -0.5, 3.0, -4.0, 0.05, -0.1])
    ap, log_d, lost = np.array([0, 1, 1]), np.array([7.0, 9.0, 0.0]), np.array([0.0, 6.0, 8.0])
    rows = law_design(ap, log_d, lost, 2)
    assert rows.shape == (3, 7)
    want = [
        1.0 + 3.0 - (0.2 + 0.05) * 7.0,
        1.0 - 4.0 - (0.2 - 0.1) * 9.0 + 0.5 * 6.0,
        1.0 - 4.0 + 0.5 * 8.0,
    ]
    np.testing.assert_allclose(rows @ vector, want)
