"""One plain model out of a run: the adapter merged into its base, to be served or published."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from cmtmed.artifacts import CARD_FILE, write_text
from cmtmed.errors import OutputError
from cmtmed.models.card import render_model_card
from cmtmed.models.record import read_training_record
from cmtmed.training.model.loading import load_model, load_tokenizer
from cmtmed.training.run.directory import Run
from cmtmed.training.run.provenance import check_weights, write_provenance


class MergedModel(NamedTuple):
    """What was written.

    Attributes:
        parameters: number of weights.
        dtype: of the weights.
    """

    parameters: int
    dtype: str


def merge_run(source: str, out: Path, *, dtype: str = "float32") -> MergedModel:
    """Write the model of a run as one that needs nothing else: weights, tokenizer, chat template, card.

    In float32 the logits equal those of base and adapter within 1e-5; in a shorter type the sum W + BA is rounded once.

    Args:
        source: a finished run.
        out: an empty or new directory.
        dtype: of the weights that are written: ``float32``, ``bfloat16`` or ``float16``.

    Raises:
        OutputError: the directory is not empty, or cannot be written.
        UsageError: the source is no run, or not finished.
        DatasetError: its weights are not as its training wrote them.
    """
    import torch

    run = Run.open(source)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{str(out)!r} is {'not empty' if out.is_dir() else 'a file'}; choose another --out")
    check_weights(run.root, run.record)
    tokenizer = load_tokenizer(source)
    # Merged in full precision, rounded once.
    model = load_model(source, scalar=run.stage == "reward").to(dtype=getattr(torch, dtype))
    try:
        # Before the weights, so that what an interrupted merge leaves is not taken for a model of no known origin.
        out.mkdir(parents=True, exist_ok=True)
        write_provenance(out, run.root, run.record, adapter=False)
        model.save_pretrained(str(out))
        tokenizer.save_pretrained(str(out))
        write_provenance(out, run.root, run.record, adapter=False)
        write_text(out / CARD_FILE, render_model_card(run.root.name, read_training_record(out)))
    except OSError as error:
        raise OutputError(
            f"cannot write {str(out)!r}: {error.strerror}; free some disk space or choose another --out"
        ) from error
    return MergedModel(sum(weight.numel() for weight in model.parameters()), dtype)
