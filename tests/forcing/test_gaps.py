"""Runs of missing values."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hydronexus.forcing.gaps import runs


@given(st.lists(st.booleans(), max_size=60))
def test_runs_rebuild_the_mask_and_never_touch(mask):
    rebuilt = np.zeros(len(mask), dtype=bool)
    found = runs(np.array(mask, dtype=bool))
    for start, stop in found:
        rebuilt[start:stop] = True
    assert rebuilt.tolist() == mask
    assert all(before[1] < after[0] for before, after in pairwise(found))
