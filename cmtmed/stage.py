"""What a stage is: a frozen configuration that turns one table of dialogues into another of the same height.

The class is its own documentation (docstring and field descriptions make the stage table), its own
configuration (the fields are the YAML options) and its own fingerprint (the options enter the build's
identity). Five laws hold for every stage and one test proves them: same height; only ``writes`` come back;
``apply(a + b) == apply(a) + apply(b)``; idempotent; deterministic and picklable.

Rows never vanish inside a stage. A stage that rejects a dialogue sets ``drop_reason``; from then on the runner
passes the row by, and the writer puts it into ``dropped/``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import BaseModel, ConfigDict

from cmtmed.schema import DIALOGUE


def columns(*names: str) -> Mapping[str, pl.DataType]:
    """Return the named columns of the dialogue table with their types, for ``reads`` and ``writes``.

    >>> columns("drop_reason")
    {'drop_reason': String}
    """
    return {name: DIALOGUE[name] for name in names}


class AnyStage(BaseModel, ABC):
    """What a stage and a corpus stage have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reads: ClassVar[Mapping[str, pl.DataType]]
    """Columns that the stage is given, name to type."""

    writes: ClassVar[Mapping[str, pl.DataType]]
    """Columns that the stage gives back, name to type."""

    covers_dropped: ClassVar[bool] = False
    """Whether rows that an earlier stage dropped pass through it as well (redaction: dropped rows are kept
    on disk too, and hold no less of a patient)."""

    @classmethod
    def name(cls) -> str:
        """Return the YAML name: the class name in snake case.

        >>> class DropShort(AnyStage): ...
        >>> DropShort.name()
        'drop_short'
        """
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def options(self) -> dict[str, Any]:
        """Return the options as plain JSON values, defaults included."""
        return self.model_dump(mode="json")

    def check_requirements(self) -> str | None:
        """Check what the stage needs beside its options, such as a secret; called before a row is read.

        Returns:
            A mark that changes with what was found and does not give it away: an interrupted build goes on only
            under the same mark, which is never written into the finished build. None if the stage needs nothing.

        Raises:
            UsageError: something is missing.
        """
        return None


class Stage(AnyStage):
    """A stage that looks at one dialogue at a time."""

    @abstractmethod
    def apply(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return exactly the ``writes`` columns for ``batch``, which holds exactly the ``reads`` columns.

        Args:
            batch: any number of dialogues, none of them dropped.

        Returns:
            A table of the same height, rows in the same order.
        """


class CorpusStage(AnyStage):
    """A stage that must see the whole corpus before it can decide about one dialogue.

    It works in three steps, so that the corpus never has to stand in memory: `sketch` reduces each batch to
    what the decision needs, `decide` sees all sketches once, `apply` carries the decision out batch by batch.
    Sketches of ``a + b`` are the sketches of ``a`` followed by those of ``b``, and `decide` does not depend on
    how the corpus was cut into batches.
    """

    @property
    def sees_corpus(self) -> bool:
        """Whether these options need the whole corpus; otherwise the decision is that over no sketches at all."""
        return True

    @abstractmethod
    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Reduce a batch of dialogues (the ``reads`` columns) to the rows that `decide` needs."""

    @abstractmethod
    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Decide once over all sketches.

        Args:
            sketches: the rows of all sketches in corpus order, still on disk: take the columns you need.

        Returns:
            The decision, a table small enough to be held by every worker. Unless `apply` is overridden it has
            a column ``id`` and the ``writes`` columns, for those dialogues that the decision is about.
        """

    def apply(self, batch: pl.DataFrame, decision: pl.DataFrame) -> pl.DataFrame:
        """Carry the decision out on one batch: same contract as `Stage.apply`.

        By default the decision is looked up by ``id``; where it says nothing, the column stays as it was, or
        null if the stage does not read it.
        """
        found = batch.select("id").join(decision, on="id", how="left", maintain_order="left")
        return found.select(
            pl.coalesce(found[name], batch[name]).alias(name) if name in batch.columns else pl.col(name)
            for name in self.writes
        )
