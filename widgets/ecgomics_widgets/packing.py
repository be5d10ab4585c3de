"""Arrays as bytes, the form in which both hosts carry them to the browser without a detour through text."""

from __future__ import annotations

from typing import Any

import numpy as np


def packed(values: Any, dtype: str) -> bytes:
    """An array as bytes, little endian, in C order.

    Parameters
    ----------
    values
        Any shape; missing values stay NaN where `dtype` is a float.
    dtype
        What the browser reads it as, such as ``"float32"`` or ``"uint8"``.
    """
    return np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder("<")).tobytes()
