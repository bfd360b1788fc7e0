"""How much memory of each GPU a stage takes, computed from the shape of the model.

All in bytes. With T trained and F frozen weights and N GPUs, the states of mixed-precision Adam are (Rajbhandari et al.
2020, arXiv:1910.02054, sections 3.1 and 5: 2T + 2T + 12T, and what each stage divides by N):

========  ==============  ===============  ==============  ========================================================
engine    weights         gradients        optimizer
========  ==============  ===============  ==============  ========================================================
zero2     2(T + F)        2T / N           12T / N         bfloat16; float32 master weights, two moments
zero3     2(T + F) / N    2T / N           12T / N         the same, weights sharded too
fsdp      4(T + F) / N    4T / N           8T / N          FSDP2 keeps float32 shards and computes in bfloat16
ddp       4T + 2F         4T               8T              whole in each process: PPO, which samples
========  ==============  ===============  ==============  ========================================================

What a Llama layer keeps for the backward pass, for each token, in bfloat16 with fused attention (so that the 5as/h term
of Korthikanti et al. 2022, arXiv:2205.05198, equation 2 is not stored; their 34h is of a GPT layer with fused norms):

    20h + 4k + 8f + 4a + 8

h width, k width of the keys, f width of the feed-forward layer, a heads: two norms of 8h (the input in float32, the
normalized and the scaled one) and 4 for their scale, queries 2h, keys and values 4k, the result of attention 2h and its
logarithms 4a, and 8f of the gated layer. A test counts the saved tensors of a real layer: the formula is exact. With
checkpointing a layer keeps its input, 2h (their section 5), and one layer at a time is computed again.

Left out: what the allocator wastes, kernels' workspaces, and the CUDA context; allow 10 % and 1 GiB.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Engine = Literal["zero2", "zero3", "fsdp", "ddp"]
GIB: Final = 2**30

_BUCKET: Final = 500_000_000
"""Elements that DeepSpeed reduces, and gathers, at a time (``reduce_bucket_size``, ``allgather_bucket_size``)."""
_LIVE: Final = 1_000_000_000
"""Elements that ZeRO-3 keeps gathered at most (``stage3_max_live_parameters``)."""


class Shape(NamedTuple):
    """Sizes of a model of the shape of Llama."""

    layers: int
    hidden: int
    heads: int
    key_values: int
    feed_forward: int
    vocabulary: int

    @property
    def key_width(self) -> int:
        """Width of the keys, and of the values."""
        return self.hidden // self.heads * self.key_values


LLAMA_7B: Final = Shape(32, 4096, 32, 32, 11008, 32000)
LLAMA_13B: Final = Shape(40, 5120, 40, 40, 13824, 32000)


class Memory(NamedTuple):
    """Bytes of one GPU.

    Attributes:
        weights: trained and frozen, of all roles.
        gradients: of the trained ones.
        optimizer: moments, and master weights where there are any.
        activations: kept for the backward pass, with what the head of the vocabulary needs.
        buffers: gathered weights, buckets, the cache of keys and values while sampling.
    """

    weights: float
    gradients: float
    optimizer: float
    activations: float
    buffers: float

    @property
    def total(self) -> float:
        """All together."""
        return sum(self)


def layer_parameters(shape: Shape) -> int:
    """Return the weights of one layer: four projections, three of the gated layer, two norms."""
    hidden = shape.hidden
    return 2 * hidden * hidden + 2 * hidden * shape.key_width + 3 * hidden * shape.feed_forward + 2 * hidden


def parameters(shape: Shape, *, scalar: bool = False) -> int:
    """Return the weights of a model; with ``scalar`` it gives one number (a reward) instead of logits.

    >>> f"{parameters(LLAMA_7B):,}"
    '6,738,415,616'
    >>> f"{parameters(LLAMA_13B):,}"
    '13,015,864,320'
    """
    head = shape.hidden if scalar else shape.hidden * shape.vocabulary
    return shape.vocabulary * shape.hidden + shape.layers * layer_parameters(shape) + shape.hidden + head


def lora_parameters(shape: Shape, rank: int) -> int:
    """Return the weights of adapters on all linear layers but the head: rank times (inputs + outputs) of each.

    >>> f"{lora_parameters(LLAMA_7B, 32):,}"
    '79,953,920'
    """
    hidden, keys, forward = shape.hidden, shape.key_width, shape.feed_forward
    return rank * shape.layers * (4 * hidden + 2 * (hidden + keys) + 3 * (hidden + forward))


def layer_activations(shape: Shape) -> int:
    """Return the bytes that a layer keeps for each token.

    >>> layer_activations(LLAMA_7B) / LLAMA_7B.hidden  # Korthikanti's GPT layer with fused norms: 34
    45.533203125
    """
    return 20 * shape.hidden + 4 * shape.key_width + 8 * shape.feed_forward + 4 * shape.heads + 8


def activations(shape: Shape, tokens: int, *, checkpointing: bool) -> int:
    """Return the bytes that all layers keep for ``tokens`` tokens, with the last norm."""
    layer, last = layer_activations(shape), 8 * shape.hidden
    if checkpointing:
        return tokens * (shape.layers * 2 * shape.hidden + layer + last)
    return tokens * (shape.layers * layer + last)


def states(trained: int, frozen: int, engine: Engine, gpus: int) -> tuple[float, float, float]:
    """Return the bytes of weights, gradients and optimizer on each GPU; the table above.

    >>> [round(part / 1e9, 1) for part in states(7_500_000_000, 0, "zero2", 64)]  # Rajbhandari, figure 1: 16.6 GB
    [15.0, 0.2, 1.4]
    """
    if engine == "zero2":
        return 2.0 * (trained + frozen), 2 * trained / gpus, 12 * trained / gpus
    if engine == "zero3":
        return 2 * (trained + frozen) / gpus, 2 * trained / gpus, 12 * trained / gpus
    if engine == "fsdp":
        return 4 * (trained + frozen) / gpus, 4 * trained / gpus, 8 * trained / gpus
    return 4.0 * trained + 2.0 * frozen, 4.0 * trained, 8.0 * trained


def buffers(shape: Shape, trained: int, frozen: int, engine: Engine) -> float:
    """Return the bytes of what an engine gathers and reduces at a time.

    DeepSpeed with its defaults; FSDP2 with two layers gathered in bfloat16, the gradients of one, and embedding and
    head, which stay gathered from the forward to the backward pass.
    """
    if engine == "zero2":
        return 2.0 * 2 * min(_BUCKET, trained)
    if engine == "zero3":
        return 2.0 * (min(_LIVE, trained + frozen) + min(_BUCKET, trained))
    if engine == "fsdp":
        outer = 2 * shape.vocabulary * shape.hidden
        share = 1 if frozen == 0 else 0
        return 2.0 * (2 * layer_parameters(shape) + outer) + 2.0 * share * (layer_parameters(shape) + outer)
    return 4.0 * trained  # the gradients of all processes are summed as one


def supervised(
    shape: Shape, *, engine: Engine, gpus: int, tokens: int, rank: int | None, checkpointing: bool, scalar: bool = False
) -> Memory:
    """Estimate pretraining, fine-tuning or, with ``scalar``, the reward model.

    Args:
        shape: of the model.
        engine: what shards it.
        gpus: over how many.
        tokens: of a micro-batch: rows times length; a pair of the reward model has two rows.
        rank: of the adapters; None to train all weights.
        checkpointing: whether activations are computed again.
        scalar: whether the model gives one number a row.
    """
    whole = parameters(shape, scalar=scalar)
    trained, frozen = (whole, 0) if rank is None else (lora_parameters(shape, rank), whole)
    return Memory(
        *states(trained, frozen, engine, gpus),
        activations(shape, tokens, checkpointing=checkpointing),
        buffers(shape, trained, frozen, engine),
    )


def ppo(
    shape: Shape,
    *,
    rank: int | None,
    reward: Literal["model", "adapter", "none"],
    value_adapter: bool = False,
    rows: int = 4,
    length: int = 1024,
    answer: int = 256,
    sampled: int = 32,
    checkpointing: bool = True,
) -> Memory:
    """Estimate PPO, whose every process holds a whole model.

    Args:
        shape: of the policy, and of the reward model.
        rank: of the policy's adapter, over one base for all roles; None for all weights, which needs a frozen copy as
            the reference.
        reward: a model of its own, an adapter over the same base, or nothing that takes memory.
        value_adapter: whether the value has an adapter of its own.
        rows: of a micro-batch.
        length: tokens of prompt and answer.
        answer: tokens of the answer, for which logits are made.
        sampled: rows sampled at once.
        checkpointing: whether activations are computed again.
    """
    whole = parameters(shape)
    own = parameters(shape, scalar=True) if reward == "model" else 0
    if rank is None:
        trained, frozen, reference = whole, own, 4 * whole  # the copy is in float32 as the model is
    else:
        adapter = lora_parameters(shape, rank)
        trained, reference = adapter * (2 if value_adapter else 1), 0
        frozen = whole + own + (adapter if reward == "adapter" else 0)
    weights, gradients, optimizer = states(trained, frozen, "ddp", 1)
    # Logits and their gradient in bfloat16, and of one row at a time its copy, softmax and gradient in float32.
    logits = answer * shape.vocabulary * (rows * (2 + 2) + 3 * 4)
    cache = 2 * 2 * shape.layers * shape.key_width * length * sampled
    # Sampling is over before anything is kept for a backward pass: the larger of both counts.
    kept = activations(shape, rows * length, checkpointing=checkpointing) + logits
    return Memory(
        weights + reference, gradients, optimizer, kept, buffers(shape, trained, frozen, "ddp") + max(0, cache - kept)
    )


_MODELS: Final = (("7B", LLAMA_7B), ("13B", LLAMA_13B))
_RANK, _ROWS, _LENGTH, _PAIRS, _PAIR_LENGTH = 32, 4, 2048, 16, 1024
_ENGINES: Final[tuple[tuple[Engine, str], ...]] = (("zero2", "ZeRO-2"), ("zero3", "ZeRO-3"), ("fsdp", "FSDP"))


def table() -> str:
    """Return the estimates of all stages in Markdown, as the documentation shows them: GiB of each GPU.

    >>> table().splitlines()[4]
    '| pretrain, sft | LoRA | ZeRO-2 | 16.8 | 16.7 | 30.4 | 30.2 |'
    """
    said = (
        f"GiB of each GPU, with checkpointing; LoRA of rank {_RANK}; {_ROWS} rows of {_LENGTH} tokens at once, of the "
        f"reward model {_PAIRS} pairs of {_PAIR_LENGTH}; PPO with 4 rows of 1024 at once, 32 while sampling."
    )
    head = " | ".join(f"{name}, {gpus} GPUs" for name, _ in _MODELS for gpus in (8, 32))
    lines = [
        said,
        "",
        f"| stage | weights | engine | {head} |",
        "|---|---|---|" + "--:|" * 4,
    ]
    stages = (("pretrain, sft", False, _ROWS * _LENGTH), ("reward", True, 2 * _PAIRS * _PAIR_LENGTH))
    for stage, scalar, tokens in stages:
        for rank, told in ((_RANK, "LoRA"), (None, "all")):
            for engine, name in _ENGINES:
                cells = [
                    supervised(
                        shape, engine=engine, gpus=gpus, tokens=tokens, rank=rank, checkpointing=True, scalar=scalar
                    ).total
                    for _, shape in _MODELS
                    for gpus in (8, 32)
                ]
                lines.append(f"| {stage} | {told} | {name} | {_cells(cells)} |")
    roles: tuple[tuple[str, int | None, Literal["model", "adapter"], bool], ...] = (
        ("LoRA, reward adapter", _RANK, "adapter", False),
        ("LoRA, reward model", _RANK, "model", False),
        ("LoRA, value adapter, reward model", _RANK, "model", True),
        ("all, reward model", None, "model", False),
    )
    for told, rank, reward, own in roles:
        cells = [
            ppo(shape, rank=rank, reward=reward, value_adapter=own).total for _, shape in _MODELS for _gpus in (8, 32)
        ]
        lines.append(f"| ppo | {told} | data parallel | {_cells(cells)} |")
    lines += [
        "",
        "Where it goes, 7B on 8 GPUs:",
        "",
        "| stage | weights | gradients | optimizer | activations | without checkpointing | buffers |",
        "|---|" + "--:|" * 6,
    ]
    for told, rank in (("LoRA", _RANK), ("all", None)):
        for engine, name in _ENGINES:
            kept, whole = (
                supervised(
                    LLAMA_7B, engine=engine, gpus=8, tokens=_ROWS * _LENGTH, rank=rank, checkpointing=checkpointing
                )
                for checkpointing in (True, False)
            )
            lines.append(f"| pretrain, sft: {told}, {name} | {_split(kept, whole)} |")
    for told, rank, reward, own in roles:
        kept, whole = (
            ppo(LLAMA_7B, rank=rank, reward=reward, value_adapter=own, checkpointing=checkpointing)
            for checkpointing in (True, False)
        )
        lines.append(f"| ppo: {told} | {_split(kept, whole)} |")
    host = ", ".join(f"{name} {8 * 4 * parameters(shape) / GIB:.0f} GiB" for name, shape in _MODELS)
    lines += [
        "",
        f"Every process first loads the whole model in float32: a node of 8 GPUs needs {host} of host memory.",
    ]
    return "\n".join(lines) + "\n"


def _cells(values: list[float]) -> str:
    return " | ".join(f"{value / GIB:.1f}" for value in values)


def _split(kept: Memory, whole: Memory) -> str:
    return _cells([kept.weights, kept.gradients, kept.optimizer, kept.activations, whole.activations, kept.buffers])
