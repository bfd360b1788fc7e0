"""A tokenizer and a model made on the spot, so that every stage runs without a download.

The tokenizer is byte-level BPE (Sennrich et al. 2016, arXiv:1508.07909, over bytes as in GPT-2), trained on the texts
that it is given, so no character is unknown. The model has the shape of Llama or Qwen 2 and random weights: it learns a
little language in minutes and answers no question.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from typing_extensions import TypedDict, Unpack

from cmtmed.errors import OutputError, UsageError
from cmtmed.resources import bundled
from cmtmed.training.run.provenance import write_tokenizer_provenance
from cmtmed.training.run.sources import SourcePath, describe_paths
from cmtmed.training.run.views import open_view

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

log = logging.getLogger("cmtmed.training")

SHAPES: Final = ("llama", "qwen2")
SPECIAL: Final = ("<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>")


class ModelSizes(TypedDict, total=False):
    """Sizes of a model, as `make_model` takes them."""

    shape: str
    hidden: int
    layers: int
    heads: int
    context: int
    seed: int


def make_tokenizer(texts: Iterable[str], vocabulary: int = 2048, template: str = "chatml") -> PreTrainedTokenizerBase:
    """Train a byte-level BPE tokenizer.

    Args:
        texts: what it is trained on.
        vocabulary: number of ids, at least the 256 bytes and the special tokens.
        template: name of a bundled chat template.

    Raises:
        UsageError: the vocabulary is too small for the bytes.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    smallest = 256 + len(SPECIAL)
    if vocabulary < smallest:
        raise UsageError(f"a vocabulary of {vocabulary} is too small for all bytes; choose {smallest} or more")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=SPECIAL[0],
        pad_token=SPECIAL[1],
        additional_special_tokens=list(SPECIAL[2:]),
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = bundled(f"trainers/templates/{template}.jinja").read_text(encoding="utf-8")
    return fast


def make_model(
    tokenizer: PreTrainedTokenizerBase,
    *,
    shape: str = "llama",
    hidden: int = 128,
    layers: int = 2,
    heads: int = 4,
    context: int = 1024,
    seed: int = 0,
) -> PreTrainedModel:
    """Make a model with random weights.

    Args:
        tokenizer: whose ids it reads.
        shape: the architecture, ``llama`` or ``qwen2``.
        hidden: width; the feed-forward layers are 8/3 as wide.
        layers: number of layers.
        heads: number of attention heads; ``hidden`` is a multiple of twice that.
        context: number of positions.
        seed: of the weights.

    Raises:
        UsageError: the architecture is another, or the sizes do not fit together.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    if shape not in SHAPES:
        raise UsageError(f"shape {shape!r} is not one of {', '.join(SHAPES)}")
    if hidden % (2 * heads):
        raise UsageError(f"hidden {hidden} is not divisible by twice the {heads} heads; choose sizes that are")
    config = AutoConfig.for_model(
        shape,
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=8 * hidden // 3,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    return model


def make_tiny_model(
    texts: Iterable[str],
    out: Path,
    *,
    vocabulary: int = 2048,
    template: str = "chatml",
    learnt_from: Sequence[Path] | None = None,
    **sizes: Unpack[ModelSizes],
) -> int:
    """Make a tokenizer and a model, and write them to a directory.

    Args:
        texts: what the tokenizer is trained on; its vocabulary holds fragments of them.
        out: a new or empty directory.
        vocabulary: number of ids of the tokenizer.
        template: name of a bundled chat template.
        learnt_from: where the texts come from, which is written down beside the weights: without it that they are of
            unknown origin, and nothing at all if it is empty.
        sizes: of the model, as `make_model` takes them.

    Returns:
        The number of weights.

    Raises:
        OutputError: the directory is not empty.
        UsageError: sizes do not fit together.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{str(out)!r} is {'not empty' if out.is_dir() else 'a file'}; choose another --out")
    tokenizer = make_tokenizer(texts, vocabulary, template)
    model = make_model(tokenizer, **sizes)
    model.save_pretrained(str(out))
    tokenizer.save_pretrained(str(out))
    if learnt_from is None or learnt_from:
        sources = [SourcePath("data", path.name, 1.0, str(path)) for path in learnt_from or ()]
        write_tokenizer_provenance(out, describe_paths(sources))
    return int(sum(weight.numel() for weight in model.parameters()))


def read_texts(sources: Iterable[Path]) -> Iterable[str]:
    """Yield the texts of builds, pretrain views and text files, to train a tokenizer on.

    Raises:
        UsageError: a source is neither.
    """
    for source in sources:
        if source.is_dir():
            for rows in open_view(source, "pretrain").values():
                yield from rows["text"]
        elif source.is_file():
            with source.open(encoding="utf-8", errors="replace") as file:
                yield from file
        else:
            raise UsageError(f"{str(source)!r} does not exist; give a build, its pretrain view, or a text file")
