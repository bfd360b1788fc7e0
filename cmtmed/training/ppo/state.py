"""What PPO keeps between updates: the processes of a run, running statistics, checkpoints, and written samples."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.run.directory import Run, seal_checkpoint
from cmtmed.training.run.metrics import MetricsLog
from cmtmed.training.run.processes import leave_together

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger("cmtmed.training")

_BUCKET: Final = 25_000_000
"""Numbers that travel between processes at once."""


class World:
    """The processes of a run, as ``torchrun`` or ``accelerate launch`` started them.

    Attributes:
        rank: of this process.
        size: how many there are.
        device: what this process computes on.

    Raises:
        UsageError: they are to share one model among them.
    """

    def __init__(self) -> None:
        from accelerate import Accelerator

        self._accelerator = Accelerator(cpu=not torch.cuda.is_available())
        if str(self._accelerator.distributed_type.value) not in {"NO", "MULTI_GPU", "MULTI_CPU"}:
            raise UsageError(
                f"PPO does not run with {self._accelerator.distributed_type.value}: every process samples from a whole "
                "model; start it with torchrun, and set lora so that one base is all that a GPU holds"
            )
        self.rank: int = self._accelerator.process_index
        self.size: int = self._accelerator.num_processes
        self.device: torch.device = self._accelerator.device

    def select_own(self, indices: Sequence[int]) -> list[int]:
        """Return the part of the places that this process works on."""
        return list(indices[self.rank :: self.size])

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all processes, in float64 so that their number hardly shows."""
        total: Tensor = self._accelerator.reduce(values.detach().double(), reduction="sum")
        return total

    def totals(self, values: Mapping[str, float | Tensor]) -> dict[str, float]:
        """Return the sum of each number over all processes."""
        numbers = torch.stack(
            [torch.as_tensor(value, dtype=torch.float64, device=self.device) for value in values.values()]
        )
        return dict(zip(values, self.sum(numbers).tolist(), strict=True))

    def precision(self, setting: str) -> torch.dtype:
        """Return what is computed in: bfloat16 if asked for, or by itself on a GPU that has it."""
        auto = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if setting == "bfloat16" or (setting == "auto" and auto) else torch.float32

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Add up the gradients of all processes, many parameters at a time; losses are shares of the whole already."""
        if self.size == 1:
            return
        bucket: list[Tensor] = []
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            bucket.append(parameter.grad)
            if sum(grad.numel() for grad in bucket) >= _BUCKET:
                self._sum_in_place(bucket)
                bucket = []
        if bucket:
            self._sum_in_place(bucket)

    def _sum_in_place(self, gradients: list[Tensor]) -> None:
        flat: Any = self._accelerator.reduce(torch.cat([gradient.flatten() for gradient in gradients]), reduction="sum")
        for gradient, total in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(total.view_as(gradient))

    def first(self) -> AbstractContextManager[Any]:
        """Return a context that the first process goes through before the others."""
        context: AbstractContextManager[Any] = self._accelerator.main_process_first()
        return context

    def wait(self) -> None:
        """Wait for all processes."""
        self._accelerator.wait_for_everyone()

    def shut_down(self) -> None:
        """Wait for all processes for the last time."""
        leave_together(self._accelerator)


@dataclass
class Moments:
    """Mean and variance of everything seen so far (Chan et al. 1983, the pairwise update).

    Attributes:
        count: numbers seen.
        mean: of them.
        squares: sum of squared differences from the mean.
    """

    count: float = 0.0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, count: float, mean: float, squares: float) -> None:
        """Take in a batch, given as its own three figures."""
        total = self.count + count
        apart = mean - self.mean
        self.squares += squares + apart**2 * self.count * count / total
        self.mean += apart * count / total
        self.count = total

    @property
    def deviation(self) -> float:
        """Standard deviation; 1 as long as nothing differs."""
        return (self.squares / self.count) ** 0.5 if self.count and self.squares else 1.0


@dataclass
class State:
    """What a run carries from update to update besides weights and optimizer.

    The place in the data and the learning rate follow from the step.

    Attributes:
        step: updates made.
        kl: coefficient of the KL penalty.
        rewards: statistics of rewards so far.
    """

    step: int
    kl: float
    rewards: Moments


def save_checkpoint(
    run: Run, world: World, trained: Mapping[str, Tensor], optimizer: torch.optim.Optimizer, state: State, keep: int
) -> None:
    """Write a checkpoint, complete or not at all, and delete all but the newest.

    Args:
        run: where it goes.
        world: every process writes its random state; the first writes the rest.
        trained: name to weight of all that is trained.
        optimizer: its state.
        state: the rest.
        keep: checkpoints that stay.
    """
    from safetensors.torch import save_file

    folder = run.checkpoints / f"checkpoint-{state.step}"
    if world.rank == 0:
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier call that was stopped while it wrote
        folder.mkdir(parents=True)
        weights = {name: weight.detach().cpu().contiguous() for name, weight in trained.items()}
        save_file(weights, str(folder / "trained.safetensors"))
        torch.save(optimizer.state_dict(), folder / "optimizer.pt")
        (folder / "state.json").write_text(json.dumps(asdict(state), indent=2) + "\n", encoding="utf-8")
    world.wait()
    torch.save(_random_states(), folder / f"random-{world.rank}.pt")
    world.wait()
    if world.rank == 0:
        seal_checkpoint(folder)
        for old in sorted(run.checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name[11:]))[:-keep]:
            shutil.rmtree(old)


def load_checkpoint(
    folder: Path, world: World, trained: Mapping[str, Tensor], optimizer: torch.optim.Optimizer
) -> State:
    """Put everything back that `save_checkpoint` wrote.

    Raises:
        DatasetError: its weights are not those of this run.
    """
    from safetensors.torch import load_file

    weights = load_file(str(folder / "trained.safetensors"))
    if weights.keys() != trained.keys():
        mismatch = min(weights.keys() ^ trained.keys())
        raise DatasetError(f"{folder}: its weights are not those that are trained now ({mismatch}); give another out=")
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(weights[name])
    optimizer.load_state_dict(torch.load(folder / "optimizer.pt", map_location=world.device, weights_only=True))
    mine = folder / f"random-{world.rank}.pt"
    if mine.is_file():  # a run may go on with more processes; nothing that is sampled depends on these states
        _restore_random(torch.load(mine, weights_only=True))
    state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    return State(state["step"], state["kl"], Moments(**state["rewards"]))


def _random_states() -> dict[str, Any]:
    import numpy as np

    version, words, gauss = random.getstate()
    name, keys, position, has, cached = np.random.get_state()  # noqa: NPY002 (the state that callables use)
    return {
        "python": (version, list(words), gauss),
        "numpy": (
            str(name),
            torch.from_numpy(np.asarray(keys).astype("int64")),
            int(position),
            int(has),
            float(cached),
        ),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _restore_random(states: Mapping[str, Any]) -> None:
    import numpy as np

    version, words, gauss = states["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, *numpy_state = states["numpy"]
    np.random.set_state((name, keys.numpy().astype("uint32"), *numpy_state))  # noqa: NPY002
    torch.set_rng_state(states["torch"])
    if len(states["cuda"]) == torch.cuda.device_count() and states["cuda"]:
        torch.cuda.set_rng_state_all(states["cuda"])


class Journal:
    """What a run writes as it goes: metrics, and answers with their texts if somebody asked to read them.

    Only the first process writes.

    Args:
        run: where to.
        world: the processes.
        step: the step that the run goes on from; lines behind it are cut off.
        samples: answers an update in ``samples.jsonl``; 0 writes none.
    """

    def __init__(self, run: Run, world: World, step: int, samples: int) -> None:
        self._path, self._samples = run.root / "samples.jsonl", samples
        self._metrics = MetricsLog(run.root, step) if world.rank == 0 else None
        if self._metrics is not None and self._path.exists():
            lines = [line for line in self._path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
            kept = [line for line in lines if json.loads(line)["step"] <= step]
            partial = self._path.with_suffix(".partial")
            partial.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
            os.replace(partial, self._path)  # noqa: PTH105

    def write(self, step: int, numbers: Mapping[str, float], rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the numbers of an update, and its first answers."""
        if self._metrics is None:
            return
        self._metrics.log(step, numbers)
        if self._samples:
            with self._path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows[: self._samples])
        summary = [f"{name} {numbers[name]:.4g}" for name in ("reward", "kl", "length", "tokens_per_second")]
        log.info("update %d: %s", step, ", ".join(summary))

    def close(self) -> None:
        """Write everything out."""
        if self._metrics is not None:
            self._metrics.close()
