"""Loops compiled with numba, or run as they stand where compiling them would take far longer than the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numba import njit
from numba.core.registry import CPUDispatcher

F = TypeVar("F", bound=Callable[..., Any])

PLAIN_S = 9e-6
"""Time the uncompiled loops of `delineate` take for one sample of one lead, s: half a second for a resting ECG."""
WORTH_S = 6.0
"""Uncompiled work of a process beyond which compiling, about 16 s once for an installation, is worth it, s."""

_plain: ContextVar[bool] = ContextVar("plain", default=False)
_spent = 0.0
_kernels: list[Kernel] = []


class Kernel(CPUDispatcher):  # type: ignore[misc]
    """A function numba compiles on its first call, other than within `sparing`, where Python runs the same function."""

    def __call__(self, *arguments: Any) -> Any:
        """Result of the compiled function, or of the function itself."""
        return self.py_func(*arguments) if _plain.get() else super().__call__(*arguments)


def _compiled(function: F, **options: Any) -> F:
    try:
        kernel: Any = njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:
        # numba finds no folder it may write its cache to: compile in each process
        kernel = njit(nogil=True, **options)(function)
    if isinstance(kernel, CPUDispatcher):  # not where numba is switched off
        kernel.__class__ = Kernel
        _kernels.append(kernel)
    return kernel  # type: ignore[no-any-return]


def compiled(function: F) -> F:
    """Compile with numba, kept on disk between processes where the disk lets it."""
    return _compiled(function)


def compiled_for_finite(function: F) -> F:
    """The same for functions that are only given finite numbers: extremes are then found in fewer steps.

    Sums keep their order, so that the compiled function and the function itself give the same bits.
    """
    return _compiled(function, fastmath={"nnan", "ninf", "nsz"})


@contextmanager
def sparing(samples: int) -> Iterator[None]:
    """Run kernels uncompiled inside, if none of them was compiled before and the work is small.

    Parameters
    ----------
    samples
        Samples of all leads to be worked on; what a process works on uncompiled adds up.
    """
    global _spent
    due = samples * PLAIN_S
    if _plain.get() or _spent + due > WORTH_S or ready():
        yield
        return
    _spent += due
    token = _plain.set(True)
    try:
        # compiled loops do not warn of what overflows in a sum they go on to reject
        with np.errstate(all="ignore"):
            yield
    finally:
        _plain.reset(token)


def ready() -> bool:
    """Whether each of this room's kernels is compiled in this process, or was and lies on disk."""
    mine = [kernel for kernel in _kernels if kernel.py_func.__module__.startswith(f"{__package__}.")]
    return all(kernel.signatures or _stored(kernel) for kernel in mine)


def _stored(kernel: Kernel) -> bool:
    """Whether numba's index of a kernel is there and no older than the kernel's source."""
    code, folder = kernel.py_func.__code__, kernel.stats.cache_path
    if folder is None:
        return False
    source = Path(code.co_filename)
    indices = list(Path(folder).glob(f"{source.stem}.{kernel.py_func.__qualname__}-{code.co_firstlineno}.*.nbi"))
    changed = source.stat().st_mtime if source.exists() else 0.0
    return any(index.stat().st_mtime >= changed for index in indices)
