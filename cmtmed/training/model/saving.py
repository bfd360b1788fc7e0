"""The final weights of a run: written with tokenizer, provenance and card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from typing_extensions import Unpack

from cmtmed.artifacts import CARD_FILE, write_text
from cmtmed.models.card import render_model_card
from cmtmed.models.record import read_training_record
from cmtmed.training.run.directory import Run
from cmtmed.training.run.provenance import write_provenance
from cmtmed.training.run.record import RunResults

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def save_model(
    run: Run,
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    weights: Mapping[str, torch.Tensor] | None = None,
    **results: Unpack[RunResults],
) -> Run:
    """Write the final weights and the tokenizer into a run, and finish it.

    Args:
        run: the run.
        model: what was trained.
        tokenizer: of the model.
        weights: the state of the model, where it is sharded and cannot be asked for it.
        results: for ``run.json``.

    Returns:
        The finished run.
    """
    from peft import PeftModel

    run = run.add_results(adapter=isinstance(model, PeftModel), **results)
    model.save_pretrained(str(run.weights_dir), **({} if weights is None else {"state_dict": dict(weights)}))
    tokenizer.save_pretrained(str(run.weights_dir))
    write_provenance(run.weights_dir, run.root, run.record, adapter=run.record.adapter)
    run = run.finish()
    write_text(run.weights_dir / CARD_FILE, render_model_card(run.root.name, read_training_record(run.weights_dir)))
    return run
