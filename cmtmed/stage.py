"""Base classes of stages: frozen configurations that map a table of dialogues to another of the same height.

The class is its own documentation (docstring and field descriptions generate the stage reference), its own
configuration (the fields are the YAML options) and its own fingerprint (the options are part of the build's
identity). Five laws hold for every stage, verified by one test: same height; exactly the ``writes`` columns are
returned; ``apply(a + b) == apply(a) + apply(b)``; idempotent; deterministic and picklable.

Stages never remove rows. A stage that rejects a dialogue sets ``drop_reason``; later stages skip the row, and the
writer puts it into ``dropped/``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import polars as pl
from pydantic import BaseModel, ConfigDict

from cmtmed.schema import DIALOGUE, LEFT_OUT


def columns(*names: str) -> Mapping[str, pl.DataType]:
    """Return dialogue columns with their types, to declare ``reads`` and ``writes``.

    ``left_out`` is no column of the dialogue: a stage that removes text writes it to say why (see `AnyStage.writes`).

    >>> columns("drop_reason")
    {'drop_reason': String}
    """
    return {name: LEFT_OUT if name == "left_out" else DIALOGUE[name] for name in names}


class AnyStage(BaseModel, ABC):
    """Common base of `Stage` and `CorpusStage`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reads: ClassVar[Mapping[str, pl.DataType]]
    """Columns passed to the stage, name to type."""

    writes: ClassVar[Mapping[str, pl.DataType]]
    """Columns returned by the stage, name to type.

    A stage that removes text also returns ``left_out``, a list per dialogue with the number of characters it removed
    for each reason (`cmtmed.messages.nest_left_out` creates it). What it does not name is recorded as an edit.
    """

    optional: ClassVar[frozenset[str]] = frozenset()
    """Columns among ``reads`` that no earlier stage has to write; they are empty then."""

    covers_dropped: ClassVar[bool] = False
    """Whether the stage also processes rows that an earlier stage dropped. Redaction does: dropped rows are written
    to disk too, and identify patients just as well."""

    @classmethod
    def name(cls) -> str:
        """Return the name used in YAML: the class name in snake case.

        >>> class DropShort(AnyStage): ...
        >>> DropShort.name()
        'drop_short'
        """
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def options(self) -> dict[str, object]:
        """Return the options as JSON values, including defaults."""
        return self.model_dump(mode="json")

    def check_requirements(self) -> str | None:
        """Check requirements other than options, such as a secret; called before any row is read.

        Returns:
            A token that changes with the secret without revealing it, or None if nothing is required. An interrupted
            build resumes only with the same token; it is never written into the finished build.

        Raises:
            UsageError: a requirement is not met.
        """
        return None


class Stage(AnyStage):
    """A stage that treats each dialogue on its own."""

    @abstractmethod
    def apply(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Compute the ``writes`` columns from a batch of the ``reads`` columns.

        Args:
            batch: any number of dialogues, none of them dropped unless the stage sets `covers_dropped`.

        Returns:
            A table of the same height with exactly the ``writes`` columns, rows in the same order.
        """


class CorpusStage(AnyStage):
    """A stage that needs the whole corpus to decide about a single dialogue.

    It works in three steps, so that the corpus never has to fit in memory: `sketch` reduces each batch to what the
    decision needs, `decide` sees all sketches once, `apply` carries out the decision batch by batch. The sketch of
    ``a + b`` is the sketch of ``a`` followed by that of ``b``, and `decide` must not depend on how the corpus is
    divided into batches.
    """

    @property
    def sees_corpus(self) -> bool:
        """Whether the options require the whole corpus; if not, the decision over an empty sketch is used."""
        return True

    @abstractmethod
    def sketch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Reduce a batch of dialogues (the ``reads`` columns) to the rows needed by `decide`."""

    @abstractmethod
    def decide(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Make the decision once over all sketches.

        Args:
            sketches: the rows of all sketches in corpus order, scanned lazily from disk: select only the columns you
                need.

        Returns:
            The decision, a table small enough to fit in memory of every worker. Unless `apply` is overridden, it has
            a column ``id`` and the ``writes`` columns, with a row for each dialogue that the decision affects.
        """

    def apply(self, batch: pl.DataFrame, decision: pl.DataFrame) -> pl.DataFrame:
        """Carry out the decision on one batch; same contract as `Stage.apply`.

        By default the decision is joined by ``id``; for dialogues without a decision a column keeps its value, or is
        null if the stage does not read it.
        """
        decided = batch.select("id").join(decision, on="id", how="left", maintain_order="left")
        return decided.select(
            pl.coalesce(decided[name], batch[name]).alias(name) if name in batch.columns else pl.col(name)
            for name in self.writes
        )
