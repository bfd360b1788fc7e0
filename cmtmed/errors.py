"""Every error that cmtmed raises on purpose.

::

    CmtmedError
    ├── UsageError              the caller asked for something that cannot be (exit code 2)
    │   ├── PipelineError       a pipeline file is wrong; found before a row is read
    │   ├── InputError          an input is missing, or no source of the pipeline takes it
    │   └── OutputError         the output directory is somebody else's, or not writable
    ├── BuildError              the work itself failed (exit code 1)
    │   ├── StrictError         a record went to quarantine while ``strict`` was set
    │   ├── StageError          a stage broke its contract
    │   └── DatasetError        a directory does not hold what a finished build holds
    └── PublishError            the Hub refused, or could not be reached (exit code 1)
        └── GateError           the dataset may not be published as it is; nothing was sent

A message names the thing, the value found and the next step. It never quotes a dialogue: a reader of a
log file has no business with a patient's words.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CmtmedError(Exception):
    """Base of every error raised on purpose."""


class UsageError(CmtmedError):
    """The caller asked for something that cannot be."""


class PipelineError(UsageError):
    """A pipeline file is wrong."""


class InputError(UsageError):
    """An input is missing, unreadable, or taken by no source of the pipeline."""


class OutputError(UsageError):
    """The output directory cannot be used."""


class BuildError(CmtmedError):
    """The work itself failed."""


class StrictError(BuildError):
    """A record went to quarantine while ``strict`` was set."""


class StageError(BuildError):
    """A stage broke its contract."""


class DatasetError(BuildError):
    """A directory does not hold what a finished build holds."""


class PublishError(CmtmedError):
    """The Hub refused, or could not be reached; the same command goes on where this one stopped."""


class GateError(PublishError):
    """The dataset may not be published as it is; nothing was sent."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Say which known name is nearest, or list them all.

    >>> did_you_mean("normalise_text", ["normalize_text", "merge_turns"])
    "did you mean 'normalize_text'?"
    >>> did_you_mean("x", ["b", "a"])
    'known: a, b'
    """
    names = sorted(known)
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
