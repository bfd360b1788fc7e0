"""Rows of tokens for continued pretraining: sources read, mixed and packed, and batches of rows.

How documents are packed:

============  =====================================================================================================
grouped       a row per document (or chunk of one), batches of rows of similar length, padded
wrapped       rows full to the last token; documents in a row are kept apart by positions that begin anew at each
padding-free  the rows of a batch as one long row, kept apart in the same way; needs flash attention to be fast
============  =====================================================================================================
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from cmtmed.errors import UsageError
from cmtmed.training.pretrain.corpus import has_split, read_documents
from cmtmed.training.pretrain.settings import Packing, PretrainSettings
from cmtmed.training.pretrain.token_tables import DocumentSource, prepare_tables
from cmtmed.training.pretrain.triples import Patterns, load_patterns
from cmtmed.training.run.fingerprint import fingerprint_path
from cmtmed.training.run.settings import DataSource

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

    from cmtmed.training.run.directory import Run

log = logging.getLogger("cmtmed.training")


def choose_packing(setting: str) -> tuple[Packing, dict[str, str]]:
    """Return how to pack on this machine, and the options that the model has to be loaded with."""
    from transformers.utils import is_flash_attn_2_available

    has_flash_attention = torch.cuda.is_available() and is_flash_attn_2_available()
    if setting == "auto":
        setting = "padding-free" if has_flash_attention else "grouped"
    if setting == "padding-free" and not has_flash_attention:
        log.warning("packing: no flash attention here; attention over a whole batch as one row takes time and memory")
    options = {"attn_implementation": "flash_attention_2"} if setting == "padding-free" and has_flash_attention else {}
    return cast("Packing", setting), options


def describe_patterns(settings: PretrainSettings) -> dict[str, str]:
    """Return what identifies the data beyond its files: the sentence patterns, if they are not the bundled ones.

    Raises:
        UsageError: they cannot be used.
    """
    load_patterns(settings.triples)
    return {"triples": fingerprint_path(Path(settings.triples))} if settings.triples else {}


def prepare_rows(
    run: Run, settings: PretrainSettings, tokenizer: PreTrainedTokenizerBase, packing: Packing
) -> tuple[Dataset, Dataset | None]:
    """Read, tokenize, mix and pack all sources.

    Args:
        run: its directory keeps the tables while it lasts.
        settings: which sources.
        tokenizer: with an end token.
        packing: how documents are packed.

    Returns:
        Rows to train on, and rows to evaluate on, if any.

    Raises:
        UsageError: there is no source, or one cannot be used.
        DatasetError: a source is damaged.
    """
    if not settings.data:
        raise UsageError("no data: give one source or more, as in data.0.path=out")
    patterns = load_patterns(settings.triples)
    return prepare_tables(
        run.root,
        run.record.fingerprint,
        (_open_source(source, settings, patterns) for source in settings.data),
        tokenizer,
        length=settings.max_length,
        wrap=packing == "wrapped",
        share=settings.held_out,
        seed=settings.seed,
    )


def _open_source(source: DataSource, settings: PretrainSettings, patterns: Patterns) -> DocumentSource:
    brings_validation = settings.held_out > 0 and has_split(source, "validation")
    return DocumentSource(
        source,
        read_documents(source, "train", patterns, settings.document),
        read_documents(source, "validation", patterns, settings.document) if brings_validation else None,
    )


def build_collator(packing: Packing, pad_id: int) -> DataCollatorForLanguageModeling:
    """Build what makes batches of rows.

    Args:
        packing: how documents are packed.
        pad_id: of the padding token.
    """
    if packing == "wrapped":
        return _WrappedCollator(pad_token_id=pad_id, return_position_ids=True)
    return DataCollatorForLanguageModeling(pad_token_id=pad_id, padding_free=packing == "padding-free")


class _WrappedCollator(DataCollatorForLanguageModeling):
    """``input_ids``, ``labels``, ``position_ids``, of shape (rows, longest); positions restart at each document."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        batch: dict[str, torch.Tensor] = super().torch_call(examples)
        # With a mask transformers would not look at the positions. A pad token is a document of its own.
        del batch["attention_mask"]
        batch["labels"][batch["position_ids"] == 0] = -100  # what begins a document is predicted by nothing
        return batch
