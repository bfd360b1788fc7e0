"""Base models, adapters and tokenizers: what ``model:`` may be, and how stages build on one another.

The rule, which is logged: a run that trained all weights is loaded as it is; of a run that trained an adapter, the base
is loaded and the adapter merged into it (Hu et al. 2021, section 4.1: W + BA), and a fresh adapter is trained on top.
So every stage sees plain weights, whatever came before, and with its adapter switched off a model is exactly what the
stage began with, which PPO uses as its reference. On disk nothing is merged: each run keeps its own adapter and the
name of the model that it was built on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.model.allocator import keep_freed_memory
from cmtmed.training.model.scalar_head import classifier_with_bias
from cmtmed.training.model.templates import set_chat_template
from cmtmed.training.run.directory import Run, is_run

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

log = logging.getLogger("cmtmed.training")

_NO_MODEL: Final = "give a directory with config.json, the name of a model, or an earlier run"


def find_base(source: str) -> str:
    """Return the model at the bottom: the base of the first of the runs that were built on one another."""
    run = _open_finished_run(source)
    if run is None:
        return source
    return find_base(run.parent) if run.record.adapter else str(run.weights_dir)


def load_model(source: str, *, scalar: bool = False, **options: Any) -> PreTrainedModel:
    """Load weights, those of earlier runs merged in.

    Args:
        source: a directory or name of a model, or a run directory.
        scalar: whether the model gives one number per sequence (a reward) instead of logits. Its head has a bias, which
            transformers leaves out and ignores: the bias is what centres the rewards of a reward run.
        options: passed to ``from_pretrained``, such as ``dtype``.

    Raises:
        UsageError: there is no model of that name, or the run is not finished.
    """
    keep_freed_memory()
    if not scalar and is_run(source) and Run.open(source).stage == "reward":
        raise UsageError(
            f"{source!r} is a reward model: it outputs scores, not text; pass the run whose answers it scores"
        )
    run = _open_finished_run(source)
    if run is None or not run.record.adapter:
        return _load_pretrained(source if run is None else str(run.weights_dir), scalar=scalar, **options)
    from peft import PeftConfig, PeftModel

    base = load_model(run.parent, scalar=scalar, **options)
    log.info("model: the adapter of %s is merged into %s", source, run.parent)
    config = PeftConfig.from_pretrained(str(run.weights_dir))
    if scalar and config.task_type == "CAUSAL_LM":
        config.task_type = None  # peft expects methods of a text model otherwise, which a scalar one lacks
    if scalar and run.record.pad_token_id is not None:
        base.config.get_text_config().pad_token_id = run.record.pad_token_id  # tells where a text ends
    merged: PreTrainedModel = PeftModel.from_pretrained(base, str(run.weights_dir), config=config).merge_and_unload()
    return merged


def load_tokenizer(source: str, template: str = "") -> PreTrainedTokenizerBase:
    """Load a tokenizer, give it a pad token if it lacks one, and set its chat template.

    Args:
        source: as in `load_model`.
        template: ``auto``, a name or a file; empty to keep its own.

    Raises:
        UsageError: there is none, or the template cannot be used.
    """
    from transformers import AutoTokenizer

    run = _open_finished_run(source)
    path = source if run is None else str(run.weights_dir)
    _check_path(path)
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"no tokenizer can be loaded from {path!r} ({type(error).__name__}); {_NO_MODEL}") from error
    if tokenizer.eos_token is None:
        raise UsageError(
            f"the tokenizer of {path!r} has no eos_token, so no text can end; set one and save the tokenizer"
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
        log.info("tokenizer: no pad token; %s is used for padding (which is masked everywhere)", tokenizer.eos_token)
    if template:
        log.info("template: %s", set_chat_template(tokenizer, template))
    return tokenizer


def check_fit(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, length: int | None, setting: str = "max_length"
) -> None:
    """Check that a model goes with its tokenizer, and with the length of what it will read.

    Raises:
        UsageError: the tokenizer has ids that the model has no vector for, or texts may be longer than its context.
    """
    vectors = model.get_input_embeddings().num_embeddings
    ids = max(tokenizer.get_vocab().values()) + 1
    if ids > int(vectors):
        raise UsageError(
            f"the tokenizer has {ids} ids and the model vectors for {vectors}: they do not belong together; "
            "pass the tokenizer that the model was trained with"
        )
    context = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if length is not None and context is not None and length > context:
        raise UsageError(
            f"{setting} {length} is more than the model's context of {context}; set {setting}={context} or less"
        )


def describe_loading(source: str, lora: Mapping[str, Any] | None) -> str:
    """Return in one sentence what a stage trains, and on top of what."""
    run = _open_finished_run(source)
    base = "merged into its base" if run is not None and run.record.adapter else "as it is"
    trained = "all weights are trained" if lora is None else "a fresh adapter is trained on top"
    return f"{source} is loaded ({base}); {trained}"


def _open_finished_run(source: str) -> Run | None:
    """Open a run; None if the source is a model.

    Raises:
        UsageError: the run is not finished.
    """
    if not is_run(source):
        return None
    run = Run.open(source)
    if not run.is_finished and not run.has_started:
        raise UsageError(f"the run {source!r} never reached its first step; run its command again to see why")
    if not run.is_finished:
        raise UsageError(f"the run {source!r} is not finished; run its command again to resume it")
    return run


def _load_pretrained(path: str, *, scalar: bool, **options: Any) -> PreTrainedModel:
    from transformers import AutoConfig, AutoModelForCausalLM

    if Path(path).is_dir() and not (Path(path) / "config.json").is_file():
        raise UsageError(f"{path!r} holds no model; {_NO_MODEL}")
    try:
        model_class = AutoModelForCausalLM
        if scalar:
            config = AutoConfig.from_pretrained(path, num_labels=1)
            model_class, options = classifier_with_bias(config), {"config": config, **options}
        model: PreTrainedModel = model_class.from_pretrained(path, **{"dtype": "float32", **options})
    except (OSError, ValueError) as error:
        if Path(path).is_dir():
            raise DatasetError(
                f"the model {path!r} cannot be loaded ({type(error).__name__}); is it complete?"
            ) from error
        raise UsageError(f"no model is called {path!r} here ({type(error).__name__}); {_NO_MODEL}") from error
    return model


def _check_path(path: str) -> None:
    """Reject at once what is meant as a path and leads nowhere; the Hub would be asked for it, several times."""
    is_local = (
        path.startswith((".", "/", "~"))
        or path.count("/") > 1
        or (Path(path).parent != Path() and Path(path).parent.is_dir())
    )
    if not Path(path).exists():
        if is_local:
            raise UsageError(f"no tokenizer can be loaded from {path!r}: there is no such directory; {_NO_MODEL}")
        log.info("model: %s is not a directory here; looking for it on the Hub", path)
