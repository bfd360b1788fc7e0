"""GPU memory of each stage, computed from the shape of the model.

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
checkpointing a layer keeps its input, 2h (their section 5), and one layer at a time is recomputed.

Not included: fragmentation, workspaces of kernels, and the CUDA context; allow 10 % and 1 GiB.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Engine = Literal["zero2", "zero3", "fsdp", "ddp"]
GIB: Final = 2**30

_BUCKET: Final = 500_000_000
"""Elements that DeepSpeed reduces, or gathers, at a time (``reduce_bucket_size``, ``allgather_bucket_size``)."""
_LIVE: Final = 1_000_000_000
"""Elements that ZeRO-3 keeps gathered at most (``stage3_max_live_parameters``)."""


class ModelShape(NamedTuple):
    """Sizes of a model with the architecture of Llama."""

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


LLAMA_7B: Final = ModelShape(32, 4096, 32, 32, 11008, 32000)
LLAMA_13B: Final = ModelShape(40, 5120, 40, 40, 13824, 32000)


class MemoryEstimate(NamedTuple):
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
        """Sum of all."""
        return sum(self)


def count_layer_parameters(shape: ModelShape) -> int:
    """Return the number of weights of one layer: four projections, three of the gated layer, two norms."""
    hidden = shape.hidden
    return 2 * hidden * hidden + 2 * hidden * shape.key_width + 3 * hidden * shape.feed_forward + 2 * hidden


def count_parameters(shape: ModelShape, *, scalar: bool = False) -> int:
    """Return the number of weights of a model; with ``scalar`` it gives one number (a reward) instead of logits.

    >>> f"{count_parameters(LLAMA_7B):,}"
    '6,738,415,616'
    >>> f"{count_parameters(LLAMA_13B):,}"
    '13,015,864,320'
    """
    head = shape.hidden if scalar else shape.hidden * shape.vocabulary
    return shape.vocabulary * shape.hidden + shape.layers * count_layer_parameters(shape) + shape.hidden + head


def count_lora_parameters(shape: ModelShape, rank: int) -> int:
    """Return the number of weights of adapters on all linear layers but the head.

    Each layer has rank times (inputs + outputs).

    >>> f"{count_lora_parameters(LLAMA_7B, 32):,}"
    '79,953,920'
    """
    hidden, keys, forward = shape.hidden, shape.key_width, shape.feed_forward
    return rank * shape.layers * (4 * hidden + 2 * (hidden + keys) + 3 * (hidden + forward))


def estimate_layer_activations(shape: ModelShape) -> int:
    """Return the bytes that a layer keeps for the backward pass, per token.

    >>> estimate_layer_activations(LLAMA_7B) / LLAMA_7B.hidden  # Korthikanti's GPT layer with fused norms: 34
    45.533203125
    """
    return 20 * shape.hidden + 4 * shape.key_width + 8 * shape.feed_forward + 4 * shape.heads + 8


def estimate_activations(shape: ModelShape, tokens: int, *, checkpointing: bool) -> int:
    """Return the bytes that all layers and the last norm keep for ``tokens`` tokens."""
    layer, final_norm = estimate_layer_activations(shape), 8 * shape.hidden
    if checkpointing:
        return tokens * (shape.layers * 2 * shape.hidden + layer + final_norm)
    return tokens * (shape.layers * layer + final_norm)


def estimate_states(trained: int, frozen: int, engine: Engine, gpus: int) -> tuple[float, float, float]:
    """Return the bytes of weights, gradients and optimizer on each GPU, by the table above.

    >>> [round(size / 1e9, 1) for size in estimate_states(7_500_000_000, 0, "zero2", 64)]  # figure 1: 16.6 GB
    [15.0, 0.2, 1.4]
    """
    if engine == "zero2":
        return 2.0 * (trained + frozen), 2 * trained / gpus, 12 * trained / gpus
    if engine == "zero3":
        return 2 * (trained + frozen) / gpus, 2 * trained / gpus, 12 * trained / gpus
    if engine == "fsdp":
        return 4 * (trained + frozen) / gpus, 4 * trained / gpus, 8 * trained / gpus
    return 4.0 * trained + 2.0 * frozen, 4.0 * trained, 8.0 * trained


def estimate_buffers(shape: ModelShape, trained: int, frozen: int, engine: Engine) -> float:
    """Return the bytes that an engine gathers and reduces at a time.

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
        return 2.0 * (2 * count_layer_parameters(shape) + outer) + 2.0 * share * (count_layer_parameters(shape) + outer)
    return 4.0 * trained  # the gradients of all processes are summed as one


def estimate_supervised(
    shape: ModelShape,
    *,
    engine: Engine,
    gpus: int,
    tokens: int,
    rank: int | None,
    checkpointing: bool,
    scalar: bool = False,
) -> MemoryEstimate:
    """Estimate the memory of pretraining, fine-tuning or, with ``scalar``, the reward model.

    Args:
        shape: of the model.
        engine: which shards it.
        gpus: over how many it is sharded.
        tokens: of a micro-batch: rows times length; a pair of the reward model has two rows.
        rank: of the adapters; None to train all weights.
        checkpointing: whether activations are recomputed.
        scalar: whether the model gives one number per row.
    """
    total = count_parameters(shape, scalar=scalar)
    trained, frozen = (total, 0) if rank is None else (count_lora_parameters(shape, rank), total)
    return MemoryEstimate(
        *estimate_states(trained, frozen, engine, gpus),
        estimate_activations(shape, tokens, checkpointing=checkpointing),
        estimate_buffers(shape, trained, frozen, engine),
    )


def estimate_ppo(
    shape: ModelShape,
    *,
    rank: int | None,
    reward: Literal["model", "adapter", "none"],
    value_adapter: bool = False,
    rows: int = 4,
    length: int = 1024,
    answer: int = 256,
    sampled: int = 32,
    checkpointing: bool = True,
) -> MemoryEstimate:
    """Estimate the memory of PPO, where every process holds a whole model.

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
        checkpointing: whether activations are recomputed.
    """
    policy = count_parameters(shape)
    reward_model = count_parameters(shape, scalar=True) if reward == "model" else 0
    if rank is None:
        trained, frozen, reference = policy, reward_model, 4 * policy  # the copy is in float32 as the model is
    else:
        adapter = count_lora_parameters(shape, rank)
        trained, reference = adapter * (2 if value_adapter else 1), 0
        frozen = policy + reward_model + (adapter if reward == "adapter" else 0)
    weights, gradients, optimizer = estimate_states(trained, frozen, "ddp", 1)
    # Logits and their gradient in bfloat16, and of one row at a time its copy, softmax and gradient in float32.
    logits = answer * shape.vocabulary * (rows * (2 + 2) + 3 * 4)
    cache = 2 * 2 * shape.layers * shape.key_width * length * sampled
    # Sampling is over before anything is kept for a backward pass: the larger of the two counts.
    activations = estimate_activations(shape, rows * length, checkpointing=checkpointing) + logits
    return MemoryEstimate(
        weights + reference,
        gradients,
        optimizer,
        activations,
        estimate_buffers(shape, trained, frozen, "ddp") + max(0, cache - activations),
    )
