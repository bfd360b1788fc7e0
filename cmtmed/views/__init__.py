"""Views: the tables that trainers read, derived from the dialogue table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from cmtmed.pipeline import Views
from cmtmed.views import pretrain, prompts, sft

VIEWS: Final[Mapping[str, Callable[[pl.DataFrame, Views], pl.DataFrame]]] = {
    "pretrain": pretrain.create_pretrain_view,
    "sft": sft.create_sft_view,
    "prompts": prompts.create_prompts_view,
}
"""Function of each view by name; it derives the view from a complete dialogue table."""
