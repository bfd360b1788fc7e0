"""Checkpoints of PPO: everything that a run needs to resume exactly."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch

from cmtmed.artifacts import read_json, write_json
from cmtmed.errors import DatasetError
from cmtmed.training.ppo.moments import RunningMoments
from cmtmed.training.ppo.random_states import capture_random_states, restore_random_states
from cmtmed.training.ppo.world import World
from cmtmed.training.run.checkpoints import seal_checkpoint
from cmtmed.training.run.directory import Run

if TYPE_CHECKING:
    from torch import Tensor

_WEIGHTS_FILE: Final = "trained.safetensors"
_OPTIMIZER_FILE: Final = "optimizer.pt"
_STATE_FILE: Final = "state.json"
_RANDOM_FILE: Final = "random-{rank}.pt"


@dataclass
class TrainerState:
    """What a run carries from update to update besides weights and optimizer.

    The position in the data and the learning rate follow from the step.

    Attributes:
        step: updates made.
        kl: coefficient of the KL penalty.
        rewards: statistics of the rewards so far.
    """

    step: int
    kl: float
    rewards: RunningMoments = field(default_factory=RunningMoments)


def save_checkpoint(
    run: Run,
    world: World,
    trained: Mapping[str, Tensor],
    optimizer: torch.optim.Optimizer,
    state: TrainerState,
    keep: int,
) -> None:
    """Write a checkpoint that counts only when complete, and delete all but the newest checkpoints.

    Args:
        run: where it goes.
        world: every process writes its random states, and the first process writes the rest.
        trained: name to weight of everything that is trained.
        optimizer: whose state is saved.
        state: the state of the trainer.
        keep: how many checkpoints stay.
    """
    from safetensors.torch import save_file

    folder = run.checkpoint_dir / f"checkpoint-{state.step}"
    if world.rank == 0:
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier call that was interrupted while writing it
        folder.mkdir(parents=True)
        weights = {name: weight.detach().cpu().contiguous() for name, weight in trained.items()}
        save_file(weights, str(folder / _WEIGHTS_FILE))
        torch.save(optimizer.state_dict(), folder / _OPTIMIZER_FILE)
        write_json(folder / _STATE_FILE, asdict(state))
    world.wait()
    torch.save(capture_random_states(), folder / _RANDOM_FILE.format(rank=world.rank))
    world.wait()
    if world.rank == 0:
        seal_checkpoint(folder)
        checkpoints = sorted(run.checkpoint_dir.glob("checkpoint-*"), key=lambda path: int(path.name[11:]))
        for outdated in checkpoints[:-keep]:
            shutil.rmtree(outdated)


def load_checkpoint(
    folder: Path, world: World, trained: Mapping[str, Tensor], optimizer: torch.optim.Optimizer
) -> TrainerState:
    """Restore weights, optimizer and random states of a checkpoint.

    Returns:
        The state of the trainer.

    Raises:
        DatasetError: its weights are not those of this run.
    """
    from safetensors.torch import load_file

    weights = load_file(str(folder / _WEIGHTS_FILE))
    if weights.keys() != trained.keys():
        mismatch = min(weights.keys() ^ trained.keys())
        raise DatasetError(
            f"{folder}: its weights are not those that this run trains ({mismatch} is on one side only); "
            "choose another out="
        )
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(weights[name])
    optimizer.load_state_dict(torch.load(folder / _OPTIMIZER_FILE, map_location=world.device, weights_only=True))
    random_file = folder / _RANDOM_FILE.format(rank=world.rank)
    if random_file.is_file():  # a run may resume with more processes; no sampled answer depends on these states
        restore_random_states(torch.load(random_file, weights_only=True))
    content = read_json(folder / _STATE_FILE)
    return TrainerState(content["step"], content["kl"], RunningMoments(**content["rewards"]))
