"""The command `ecgomics`: one thin verb a stage. What each does is in the engine; here it only gets its options.

A module holds a few verbs and lists them in its `VERBS`; what they share is in `grammar`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import ecgomics
from ecgomics.cli import (
    care,
    comparing,
    discovering,
    hosting,
    judging,
    measuring,
    patients,
    pipeline_verbs,
    reading,
    reporting,
    serving,
    streaming,
    training,
)
from ecgomics.cli.grammar import CAVEAT, SECTIONS
from ecgomics.errors import EcgomicsError

__all__ = ["SECTIONS", "main", "parser"]

MODULES = (
    pipeline_verbs,
    training,
    discovering,
    reading,
    judging,
    comparing,
    reporting,
    patients,
    care,
    serving,
    hosting,
    streaming,
    measuring,
)
"""Where the verbs are, in the order the help lists them."""

ABOUT = """\
Turn raw electrocardiograms into digital biomarkers that a person can see, question and trust.

  ecgomics ingest   ptb-xl/ ptb-xl.zarr     take recordings into a cohort
  ecgomics analyse  ptb-xl.zarr             beats, biomarkers, rules
  ecgomics embed    ptb-xl.zarr             vectors
  ecgomics project  ptb-xl.zarr             a map of them
  ecgomics discover ptb-xl.zarr --group …   which biomarkers set a group apart
  ecgomics serve    ptb-xl.zarr             look at it in a browser
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code: 0 done, 1 a check found something, 2 an error, 130 interrupted."""
    try:
        given = parser().parse_args(arguments)
        return int(given.run(given) or 0)
    except EcgomicsError as error:
        print(f"ecgomics: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if (error.name or "ecgomics").partition(".")[0] == "ecgomics":
            raise
        print(f"ecgomics: {error.name} is not installed; pip install 'ecgomics[all]' brings it", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # whoever read the output has seen enough
        sys.stderr.close()
        return 0
    except OSError as error:
        # the path stays untold: names of files may be names of people
        what = (error.strerror or type(error).__name__).lower()
        print(f"ecgomics: {what}; check the paths given, the rights to them, and the room on the disk", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\necgomics: interrupted; what was committed is kept, and the same command goes on", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="ecgomics", description=ABOUT, epilog=CAVEAT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--version", action="version", version=f"ecgomics {ecgomics.__version__}")
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)
    for module in MODULES:
        for add in module.VERBS:
            add(verbs)
    return top
