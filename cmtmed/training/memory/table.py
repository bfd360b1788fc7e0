"""Memory estimates of all stages as Markdown tables, for the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from cmtmed.training.memory.estimate import (
    GIB,
    LLAMA_7B,
    LLAMA_13B,
    Engine,
    MemoryEstimate,
    ModelShape,
    count_parameters,
    estimate_ppo,
    estimate_supervised,
)

_MODELS: Final = (("7B", LLAMA_7B), ("13B", LLAMA_13B))
_GPUS: Final = (8, 32)
_RANK, _ROWS, _LENGTH, _PAIRS, _PAIR_LENGTH = 32, 4, 2048, 16, 1024
_ENGINES: Final[tuple[tuple[Engine, str], ...]] = (("zero2", "ZeRO-2"), ("zero3", "ZeRO-3"), ("fsdp", "FSDP"))
_WEIGHTS: Final = (("LoRA", _RANK), ("all", None))


class _PpoSetup(NamedTuple):
    """What PPO trains, and where its reward comes from."""

    title: str
    rank: int | None
    reward: Literal["model", "adapter"]
    value_adapter: bool = False

    def estimate(self, shape: ModelShape, *, checkpointing: bool = True) -> MemoryEstimate:
        return estimate_ppo(
            shape,
            rank=self.rank,
            reward=self.reward,
            value_adapter=self.value_adapter,
            checkpointing=checkpointing,
        )


_PPO_SETUPS: Final = (
    _PpoSetup("LoRA, reward adapter", _RANK, "adapter"),
    _PpoSetup("LoRA, reward model", _RANK, "model"),
    _PpoSetup("LoRA, value adapter, reward model", _RANK, "model", value_adapter=True),
    _PpoSetup("all, reward model", None, "model"),
)


def render_table() -> str:
    """Return the estimates of all stages in Markdown, as the documentation shows them: GiB per GPU.

    >>> render_table().splitlines()[4]
    '| pretrain, sft | LoRA | ZeRO-2 | 16.8 | 16.7 | 30.4 | 30.2 |'
    """
    host = " and ".join(f"{8 * 4 * count_parameters(shape) / GIB:.0f} GiB for {name}" for name, shape in _MODELS)
    introduction = (
        f"GiB per GPU, with checkpointing; LoRA of rank {_RANK}; {_ROWS} rows of {_LENGTH} tokens at once, for the "
        f"reward model {_PAIRS} pairs of {_PAIR_LENGTH}; PPO with 4 rows of 1024 at once, 32 while sampling."
    )
    lines = [
        introduction,
        "",
        *_total_rows(),
        "",
        "What takes the memory, 7B on 8 GPUs:",
        "",
        *_breakdown_rows(),
        "",
        f"Every process first loads the whole model in float32: in host memory, a node of 8 GPUs needs {host}.",
    ]
    return "\n".join(lines) + "\n"


def _total_rows() -> Iterator[str]:
    """Yield the table of totals, for each model and number of GPUs."""
    columns = " | ".join(f"{name}, {gpus} GPUs" for name, _ in _MODELS for gpus in _GPUS)
    yield f"| stage | weights | engine | {columns} |"
    yield "|---|---|---|" + "--:|" * len(_MODELS) * len(_GPUS)
    stages = (("pretrain, sft", False, _ROWS * _LENGTH), ("reward", True, 2 * _PAIRS * _PAIR_LENGTH))
    for stage, scalar, tokens in stages:
        for weights, rank in _WEIGHTS:
            for engine, title in _ENGINES:
                estimates = [
                    estimate_supervised(
                        shape, engine=engine, gpus=gpus, tokens=tokens, rank=rank, checkpointing=True, scalar=scalar
                    )
                    for _, shape in _MODELS
                    for gpus in _GPUS
                ]
                yield f"| {stage} | {weights} | {title} | {_format_sizes([memory.total for memory in estimates])} |"
    for setup in _PPO_SETUPS:
        totals = [setup.estimate(shape).total for _, shape in _MODELS for _ in _GPUS]
        yield f"| ppo | {setup.title} | data parallel | {_format_sizes(totals)} |"


def _breakdown_rows() -> Iterator[str]:
    """Yield the table of what takes the memory of a 7B model on 8 GPUs."""
    yield "| stage | weights | gradients | optimizer | activations | without checkpointing | buffers |"
    yield "|---|" + "--:|" * 6
    for weights, rank in _WEIGHTS:
        for engine, title in _ENGINES:
            with_checkpointing, without = (
                estimate_supervised(
                    LLAMA_7B, engine=engine, gpus=8, tokens=_ROWS * _LENGTH, rank=rank, checkpointing=checkpointing
                )
                for checkpointing in (True, False)
            )
            yield f"| pretrain, sft: {weights}, {title} | {_format_breakdown(with_checkpointing, without)} |"
    for setup in _PPO_SETUPS:
        with_checkpointing, without = (setup.estimate(LLAMA_7B, checkpointing=choice) for choice in (True, False))
        yield f"| ppo: {setup.title} | {_format_breakdown(with_checkpointing, without)} |"


def _format_sizes(sizes: Sequence[float]) -> str:
    return " | ".join(f"{size / GIB:.1f}" for size in sizes)


def _format_breakdown(memory: MemoryEstimate, without_checkpointing: MemoryEstimate) -> str:
    return _format_sizes(
        [
            memory.weights,
            memory.gradients,
            memory.optimizer,
            memory.activations,
            without_checkpointing.activations,
            memory.buffers,
        ]
    )
