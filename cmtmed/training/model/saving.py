"""The final weights of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cmtmed.training.model.card import model_card
from cmtmed.training.run import provenance
from cmtmed.training.run.directory import Run

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def save_model(
    run: Run,
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    weights: Mapping[str, Any] | None = None,
    **told: Any,
) -> None:
    """Write the final weights and the tokenizer into a run, and finish it.

    Args:
        run: which run.
        model: what was trained.
        tokenizer: what goes with it.
        weights: the state of the model, where it is sharded and cannot tell it itself.
        told: what ``run.json`` is to say.
    """
    from peft import PeftModel

    adapter = isinstance(model, PeftModel)
    run.content["adapter"] = adapter
    model.save_pretrained(str(run.weights), **({} if weights is None else {"state_dict": dict(weights)}))
    tokenizer.save_pretrained(str(run.weights))
    run.content |= told
    provenance.write_provenance(run.weights, run, adapter=adapter)
    run.finish(adapter=adapter, **told)
    (run.weights / "README.md").write_text(model_card(run), encoding="utf-8")
