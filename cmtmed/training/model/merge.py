"""One plain model out of a run: the adapter merged into its base, for whoever serves or publishes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from cmtmed.errors import OutputError
from cmtmed.training.model.card import model_card
from cmtmed.training.model.loading import load_model, load_tokenizer
from cmtmed.training.run import provenance
from cmtmed.training.run.directory import read_run

CARD: Final = "README.md"


def merge_run(source: str, out: Path, *, dtype: str = "float32") -> dict[str, Any]:
    """Write a run's model with nothing beside it: weights, tokenizer, chat template, card.

    In float32 the logits equal those of base and adapter within 1e-5; in a shorter type the sum W + BA is rounded once.

    Args:
        source: a finished run.
        out: an empty or new directory.
        dtype: of the weights that are written.

    Returns:
        ``parameters`` and ``dtype``.

    Raises:
        OutputError: the directory is not empty, or cannot be written.
        UsageError: the run is none, or not finished.
        DatasetError: its weights are not as its training wrote them.
    """
    run = read_run(source)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{str(out)!r} is {'not empty' if out.is_dir() else 'a file'}; give another --out")
    provenance.check_weights(run)
    tokenizer = load_tokenizer(source)
    # Merged in full precision, rounded once.
    model = load_model(source, scalar=run.stage == "reward").to(dtype=_dtype(dtype))
    try:
        # First of all, so that what an interrupted merge leaves is not taken for a model that nothing tells of.
        out.mkdir(parents=True, exist_ok=True)
        provenance.write_provenance(out, run, adapter=False)
        model.save_pretrained(str(out))
        tokenizer.save_pretrained(str(out))
        provenance.write_provenance(out, run, adapter=False)
        (out / CARD).write_text(model_card(run), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {str(out)!r}: {error.strerror}; make room or give another --out") from error
    return {"parameters": sum(weight.numel() for weight in model.parameters()), "dtype": dtype}


def _dtype(name: str) -> Any:
    import torch

    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]
