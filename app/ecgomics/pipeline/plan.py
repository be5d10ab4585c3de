"""`Plan`: a stage about to be run, and whether it needs to be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from ecgomics.cohort import Cohort
from ecgomics.cohort import Stage as Made
from ecgomics.cohort.assembly import put_quarantine
from ecgomics.cohort.bench import Bench
from ecgomics.cohort.blocks import Mapped, Stage, map_blocks
from ecgomics.cohort.commit import Commit
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.progress import Progress
from ecgomics.cohort.staged import key_of
from ecgomics.cohort.stages import as_settings
from ecgomics.settings import Settings

VERSIONS = {"waves": "4", "biomarkers": "6", "rules": "5", "hourly": "2", "embed": "2", "project": "2"}
"""Version of what each stage does; raise it when a stage's results change."""


@dataclass(frozen=True)
class Plan:
    """A stage about to be run: its name, its settings and the digests of what it reads."""

    stage: str
    settings: Settings
    inputs: Mapping[str, str]

    @property
    def version(self) -> str:
        """Version of what the stage does."""
        return VERSIONS[self.stage.partition(":")[0]]

    @property
    def key(self) -> str:
        """Names all that a block's result hangs on beside its records."""
        return key_of(self.version, self.settings.digest(), sorted(self.inputs.items()))

    def is_current(self, cohort: Cohort) -> bool:
        """Whether its result is there already."""
        return cohort.is_current(self.stage, version=self.version, settings=self.settings, inputs=self.inputs)

    def differs_by_records(self, cohort: Cohort, source: str) -> bool:
        """Whether a result is there that differs only in the records it was made from."""
        stage = cohort.stages.get(self.stage)
        if stage is None:
            return False
        then = dict(self.inputs) | {source: stage.inputs.get(source, "")}
        return cohort.is_current(self.stage, version=self.version, settings=self.settings, inputs=then)

    def bench(self, commit: Commit, hands: Hands) -> Bench:
        """Where its finished blocks are kept, until they are committed."""
        seen: Literal["this machine", "a cluster"] = "a cluster" if hands.scheduler else "this machine"
        return commit.blocks(self.stage.replace(":", "-"), seen_by=seen)

    def map(
        self,
        cohort: Cohort,
        bench: Bench,
        stage: Stage,
        *,
        hands: Hands,
        progress: Progress,
        given: Mapping[str, Any] | None = None,
        only: Collection[str] | None = None,
    ) -> Mapped:
        """Run a stage over the blocks of a cohort; it is `given` the settings, or what takes their place."""
        return map_blocks(
            cohort,
            stage,
            settings=self.settings.as_dict() if given is None else given,
            bench=bench,
            key=self.key,
            hands=hands,
            progress=progress,
            only=only,
        )

    def publish(self, cohort: Cohort, commit: Commit, result: Mapped, *, beside: Sequence[str] = ()) -> None:
        """Commit the result, and its failures as the stage's lines of the quarantine table; see `Cohort.publish`."""
        before = cohort.quarantine
        sources = cohort.records["source"]
        lines = [
            {"hash": record, "source": sources[record], "reader": self.stage, "version": self.version}
            | {"reason": reason, "offset": -1}
            for record, reason in result.failures.items()
        ]
        kept = before[before["reader"] != self.stage]
        if lines or len(kept) < len(before):
            put_quarantine(commit, pd.concat([kept, pd.DataFrame(lines, columns=before.columns)], ignore_index=True))
        made = Made(self.version, as_settings(self.settings), dict(self.inputs))
        cohort.publish(commit, self.stage, blocks=result.nodes, stage=made, beside=beside)
