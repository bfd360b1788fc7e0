"""Base models, adapters and tokenizers: what ``model:`` may be, and how stages build on one another.

The rule, which is printed: a run that trained all weights is loaded as it is; of a run that trained an adapter, the
base is loaded and the adapter merged into it (Hu et al. 2021, section 4.1: W + BA), and a fresh adapter is trained on
top. So every stage sees plain weights, whatever came before, and with its adapter switched off a model is exactly what
the stage began with, which PPO uses as its reference. On disk nothing is merged: each run keeps its own adapter and the
name of what lies below.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.model.allocator import keep_freed_memory
from cmtmed.training.model.scalar_head import add_bias
from cmtmed.training.model.templates import set_chat_template
from cmtmed.training.run.directory import is_run, read_run

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

log = logging.getLogger("cmtmed.training")

_NO_MODEL: Final = "give a directory with config.json, the name of a model, or an earlier run"


def find_base(source: str) -> str:
    """Return the model at the bottom: the base of the first of the runs that were built on one another."""
    return find_base(read_run(source).below) if _adapter_run(source) else _weights(source)


def load_model(source: str, *, scalar: bool = False, **options: Any) -> PreTrainedModel:
    """Load weights, those of earlier runs merged in.

    Args:
        source: a directory or name of a model, or a run directory.
        scalar: whether the model gives one number a sequence (a reward) instead of logits. Its head has a bias, which
            transformers leaves out and ignores: the bias is what centres the rewards of a reward run.
        options: passed to ``from_pretrained``, such as ``dtype``.

    Raises:
        UsageError: there is no model of that name, or the run is not finished.
    """
    keep_freed_memory()
    if not scalar and is_run(source) and read_run(source).stage == "reward":
        raise UsageError(f"{source!r} is a reward model: it gives numbers and no text; give the run that it judges")
    if not _adapter_run(source):
        return _pretrained(_weights(source), scalar=scalar, **options)
    from peft import PeftConfig, PeftModel

    run = read_run(source)
    below = load_model(run.below, scalar=scalar, **options)
    log.info("model: the adapter of %s is merged into %s", source, run.below)
    config = PeftConfig.from_pretrained(str(run.weights))
    if scalar and config.task_type == "CAUSAL_LM":
        config.task_type = None  # of a model that gives no text peft asks what only such a model has
    if scalar and "pad_token_id" in run.content:
        below.config.get_text_config().pad_token_id = run.content["pad_token_id"]  # tells where a text ends
    merged: PreTrainedModel = PeftModel.from_pretrained(below, str(run.weights), config=config).merge_and_unload()
    return merged


def load_tokenizer(source: str, template: str = "") -> PreTrainedTokenizerBase:
    """Load a tokenizer, give it a pad token if it lacks one, and choose its chat template.

    Args:
        source: as in `load_model`.
        template: ``auto``, a name or a file; empty to leave it alone.

    Raises:
        UsageError: there is none, or the template cannot be used.
    """
    from transformers import AutoTokenizer

    _finished(source)
    path = str(read_run(source).weights) if is_run(source) else source
    _here(path)
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"no tokenizer can be loaded from {path!r} ({type(error).__name__}); {_NO_MODEL}") from error
    if tokenizer.eos_token is None:
        raise UsageError(f"the tokenizer of {path!r} has no eos_token, so no text can end; set one and save it")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
        log.info("tokenizer: no pad token; %s pads (padding is masked everywhere)", tokenizer.eos_token)
    if template:
        log.info("template: %s", set_chat_template(tokenizer, template))
    return tokenizer


def check_fit(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, length: int | None, setting: str = "max_length"
) -> None:
    """Hold a model to its tokenizer and to the length of what it will read.

    Raises:
        UsageError: the tokenizer has ids that the model has no vector for, or texts may be longer than its context.
    """
    vectors = model.get_input_embeddings().num_embeddings
    ids = max(tokenizer.get_vocab().values()) + 1
    if ids > int(vectors):
        raise UsageError(
            f"the tokenizer has {ids} ids and the model vectors for {vectors}: they do not belong together; "
            "give the tokenizer that the model was trained with"
        )
    context = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if length is not None and context is not None and length > context:
        raise UsageError(
            f"{setting} {length} is more than the model's context of {context}; set {setting}={context} or less"
        )


def describe_loading(source: str, lora: Mapping[str, Any] | None) -> str:
    """Say in one sentence what a stage trains, and on top of what."""
    below = "merged into its base" if _adapter_run(source) else "as it is"
    above = "all weights are trained" if lora is None else "a fresh adapter is trained on top"
    return f"{source} is loaded ({below}); {above}"


def _adapter_run(source: str) -> bool:
    if not is_run(source):
        return False
    _finished(source)
    return bool(read_run(source).content.get("adapter"))


def _weights(source: str) -> str:
    return str(read_run(source).weights) if is_run(source) else source


def _finished(source: str) -> None:
    if is_run(source) and not read_run(source).finished and not read_run(source).begun:
        raise UsageError(f"the run {source!r} never came to its first step; its command says why: run that again")
    if is_run(source) and not read_run(source).finished:
        raise UsageError(f"the run {source!r} is not finished; run its command again, it goes on where it stopped")


def _pretrained(path: str, *, scalar: bool, **options: Any) -> PreTrainedModel:
    from transformers import AutoConfig, AutoModelForCausalLM

    if Path(path).is_dir() and not (Path(path) / "config.json").is_file():
        raise UsageError(f"{path!r} holds no model; {_NO_MODEL}")
    try:
        kind: Any = AutoModelForCausalLM
        if scalar:
            config = AutoConfig.from_pretrained(path, num_labels=1)
            kind, options = add_bias(config), {"config": config, **options}
        model: PreTrainedModel = kind.from_pretrained(path, **{"dtype": "float32", **options})
    except (OSError, ValueError) as error:
        if Path(path).is_dir():
            raise DatasetError(
                f"the model {path!r} cannot be loaded ({type(error).__name__}); is it complete?"
            ) from error
        raise UsageError(f"no model is called {path!r} here ({type(error).__name__}); {_NO_MODEL}") from error
    return model


def _here(path: str) -> None:
    """Refuse at once what is meant as a path and leads nowhere; the Hub would be asked for it, several times."""
    local = (
        path.startswith((".", "/", "~"))
        or path.count("/") > 1
        or (Path(path).parent != Path() and Path(path).parent.is_dir())
    )
    if not Path(path).exists():
        if local:
            raise UsageError(f"no tokenizer can be loaded from {path!r}: there is no such directory; {_NO_MODEL}")
        log.info("model: %s is no directory here; the Hub is asked for it", path)
