"""What a training writes down as it goes, for TensorBoard to show."""

from __future__ import annotations

import os
from types import TracebackType

from ecgomics.errors import SettingsError


class Journal:
    """Figures by name and step, in a folder that ``tensorboard --logdir FOLDER`` reads.

    A training that is resumed goes on in a file of its own; TensorBoard joins them.

    Parameters
    ----------
    folder
        Made when absent.

    Raises
    ------
    SettingsError
        When tensorboardX is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise SettingsError(
                "a training journal without tensorboardX",
                expected="the extra `latent` of ecgomics to be installed",
                remedy='pip install "ecgomics[latent]", or train without a journal',
            ) from error
        self._writer = SummaryWriter(os.fspath(folder))

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, name: str, step: int, value: float) -> None:
        """Write one figure down."""
        self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Nothing more comes."""
        self._writer.close()
