"""The exceptions raised by cmtmed.

::

    CmtmedError
    ├── UsageError              the request is invalid (exit code 2)
    │   ├── PipelineError       the pipeline file is invalid; raised before any row is read
    │   ├── InputError          an input is missing, or no source of the pipeline matches it
    │   └── OutputError         the output directory belongs to something else, or is not writable
    ├── BuildError              the work itself failed (exit code 1)
    │   ├── StrictError         a record was quarantined while ``strict`` was set
    │   ├── StageError          a stage violated its contract
    │   └── DatasetError        a directory does not hold a complete build
    └── PublishError            the Hub refused the request, or could not be reached (exit code 1)
        └── GateError           the dataset may not be published as it is; nothing was sent

A message names the object, the value found and the next step. It never quotes a dialogue: patient text does not
belong in log files.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CmtmedError(Exception):
    """Base class of all errors raised on purpose."""


class UsageError(CmtmedError):
    """The request is invalid."""


class PipelineError(UsageError):
    """A pipeline file is invalid."""


class InputError(UsageError):
    """An input is missing, unreadable, or matched by no source of the pipeline."""


class OutputError(UsageError):
    """The output directory cannot be used."""


class BuildError(CmtmedError):
    """The work itself failed."""


class StrictError(BuildError):
    """A record was quarantined while ``strict`` was set."""


class StageError(BuildError):
    """A stage violated its contract."""


class DatasetError(BuildError):
    """A directory does not hold a complete build."""


class PublishError(CmtmedError):
    """The Hub refused the request, or could not be reached; running the same command again resumes."""


class GateError(PublishError):
    """The dataset may not be published as it is; nothing was sent."""


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Suggest the closest valid name, or list all of them.

    >>> did_you_mean("normalise_text", ["normalize_text", "merge_turns"])
    "did you mean 'normalize_text'?"
    >>> did_you_mean("x", ["b", "a"])
    'known: a, b'
    """
    choice_names = sorted(choices)
    # Of a name of two characters, one may be wrong.
    closest = difflib.get_close_matches(name, choice_names, n=1, cutoff=0.5 if len(name) == 2 else 0.6)
    return f"did you mean {closest[0]!r}?" if closest else f"known: {', '.join(choice_names)}"
