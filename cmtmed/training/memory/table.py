"""Memory estimates of all stages as a Markdown table."""

from __future__ import annotations

from typing import Final, Literal

from cmtmed.training.memory.estimate import (
    GIB,
    LLAMA_7B,
    LLAMA_13B,
    Engine,
    Memory,
    count_parameters,
    estimate_ppo,
    estimate_supervised,
)

_MODELS: Final = (("7B", LLAMA_7B), ("13B", LLAMA_13B))
_RANK, _ROWS, _LENGTH, _PAIRS, _PAIR_LENGTH = 32, 4, 2048, 16, 1024
_ENGINES: Final[tuple[tuple[Engine, str], ...]] = (("zero2", "ZeRO-2"), ("zero3", "ZeRO-3"), ("fsdp", "FSDP"))


def render_table() -> str:
    """Return the estimates of all stages in Markdown, as the documentation shows them: GiB of each GPU.

    >>> render_table().splitlines()[4]
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
                    estimate_supervised(
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
            estimate_ppo(shape, rank=rank, reward=reward, value_adapter=own).total
            for _, shape in _MODELS
            for _gpus in (8, 32)
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
                estimate_supervised(
                    LLAMA_7B, engine=engine, gpus=8, tokens=_ROWS * _LENGTH, rank=rank, checkpointing=checkpointing
                )
                for checkpointing in (True, False)
            )
            lines.append(f"| pretrain, sft: {told}, {name} | {_split(kept, whole)} |")
    for told, rank, reward, own in roles:
        kept, whole = (
            estimate_ppo(LLAMA_7B, rank=rank, reward=reward, value_adapter=own, checkpointing=checkpointing)
            for checkpointing in (True, False)
        )
        lines.append(f"| ppo: {told} | {_split(kept, whole)} |")
    host = ", ".join(f"{name} {8 * 4 * count_parameters(shape) / GIB:.0f} GiB" for name, shape in _MODELS)
    lines += [
        "",
        f"Every process first loads the whole model in float32: a node of 8 GPUs needs {host} of host memory.",
    ]
    return "\n".join(lines) + "\n"


def _cells(values: list[float]) -> str:
    return " | ".join(f"{value / GIB:.1f}" for value in values)


def _split(kept: Memory, whole: Memory) -> str:
    return _cells([kept.weights, kept.gradients, kept.optimizer, kept.activations, whole.activations, kept.buffers])
