"""A state under other names: what the engine does with the devices it follows when the salt of the day turns.

It works on what `state` returns, so that it holds for every part that can be saved and restored, and what is restored
is what the same devices would have left behind under their new names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def rename_devices(tree: Any, names: Mapping[int, int]) -> Any:
    """The tree with every pseudonym that is a key of `names` replaced. Pseudonyms are uint64 arrays, or whole numbers.

    64 bits of an HMAC are no count and no index: a number that happens to be one of them is no other thing.
    """
    if isinstance(tree, dict):
        return {key: rename_devices(value, names) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [rename_devices(value, names) for value in tree]
    if isinstance(tree, np.ndarray):
        return _rename_array(tree, names) if tree.dtype == np.uint64 else tree
    return names.get(tree, tree) if isinstance(tree, int) and not isinstance(tree, bool) else tree


def _rename_array(ids: np.ndarray[Any, np.dtype[np.uint64]], names: Mapping[int, int]) -> Any:
    unique, where = np.unique(ids, return_inverse=True)
    renamed = np.array([names.get(old, old) for old in unique.tolist()], np.uint64)
    return renamed[where].reshape(ids.shape)
