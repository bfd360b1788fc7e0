"""The catalogue of stages. A stage's name is also the name of its module and, in CamelCase, of its class."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final

from cmtmed.errors import PipelineError, did_you_mean
from cmtmed.stage import AnyStage

STAGES: Final[tuple[str, ...]] = (
    "normalize_text",
    "drop_boilerplate",
    "merge_turns",
    "drop_by_length",
    "drop_benchmark_overlap",
    "redact_identifiers",
    "tag_inquiries",
    "keep_proactive",
    "drop_duplicates",
    "sample_proactive",
    "assign_split",
)
"""Every bundled stage, in the order of a full pipeline."""


@cache
def stage_class(name: str) -> type[AnyStage]:
    """Return the class of a stage.

    Raises:
        PipelineError: no stage has that name; the message suggests the closest one.

    >>> stage_class("merge_turns").__name__
    'MergeTurns'
    """
    if name not in STAGES:
        raise PipelineError(f"unknown stage {name!r}; {did_you_mean(name, STAGES)}")
    module = import_module(f"cmtmed.stages.{name}")
    stage: type[AnyStage] = getattr(module, "".join(word.capitalize() for word in name.split("_")))
    return stage
