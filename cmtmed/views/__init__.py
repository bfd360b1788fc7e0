"""From the dialogue table to the tables that trainers read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from cmtmed.pipeline import Views
from cmtmed.views import pretrain, prompts, sft

VIEWS: Final[Mapping[str, Callable[[pl.DataFrame, Views], pl.DataFrame]]] = {
    "pretrain": pretrain.view,
    "sft": sft.view,
    "prompts": prompts.view,
}
"""Name of each view to the function that makes it from a complete dialogue table."""
