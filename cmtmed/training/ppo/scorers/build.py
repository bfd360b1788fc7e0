"""The scorers that the settings of a run ask for.

=========== =======================================================================================
kind        what it is
=========== =======================================================================================
model       a model of its own (`cmtmed.training.ppo.scorers.reward_model`)
adapter     the adapter of a reward run over the policy's own base (the same module)
http        a judge behind an OpenAI-style interface (`cmtmed.training.ppo.scorers.judge`)
python      a function ``function(prompts, answers) -> list of numbers`` (``scorers.function``)
proactivity how many different things the answer asks for before it advises (``scorers.rules``)
length      a penalty on long answers (``scorers.rules``)
=========== =======================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cmtmed.training.ppo.scorers.function import build_function_score, import_function
from cmtmed.training.ppo.scorers.judge import Judge
from cmtmed.training.ppo.scorers.reward_model import load_reward_adapter, load_reward_model
from cmtmed.training.ppo.scorers.rules import build_length_penalty, build_proactivity_score
from cmtmed.training.ppo.scorers.scorer import Score, Scorer
from cmtmed.training.ppo.settings import (
    AdapterReward,
    AnyReward,
    JudgeReward,
    ModelReward,
    PpoSettings,
    ProactivityReward,
    PythonReward,
)
from cmtmed.training.run.directory import Run, is_run
from cmtmed.training.run.fingerprint import fingerprint_path

if TYPE_CHECKING:
    from cmtmed.training.ppo.roles import Roles


def build_scorers(settings: PpoSettings, roles: Roles) -> list[Scorer]:
    """Build the sources of reward of a run.

    Args:
        settings: of the run.
        roles: the policy's base, for ``adapter``; device and precision of other models.

    Raises:
        UsageError: a source is unavailable: no such model, run, function or key.
    """
    return [Scorer(source.label, source.weight, _build_score(source, roles, settings)) for source in settings.reward]


def _build_score(source: AnyReward, roles: Roles, settings: PpoSettings) -> Score:
    if isinstance(source, ModelReward):
        return load_reward_model(source, roles, settings.micro_batch)
    if isinstance(source, AdapterReward):
        return load_reward_adapter(source, roles, settings.micro_batch)
    if isinstance(source, JudgeReward):
        return Judge(source)
    if isinstance(source, PythonReward):
        return build_function_score(import_function(source.function))
    return build_proactivity_score(source) if isinstance(source, ProactivityReward) else build_length_penalty(source)


def describe_rewards(sources: Sequence[AnyReward]) -> list[str]:
    """Return what identifies the reward models in a run's fingerprint."""
    identities = []
    for source in sources:
        if isinstance(source, (ModelReward, AdapterReward)) and Path(source.path).is_dir():
            path = Path(source.path)
            identities.append(Run.open(path).record.fingerprint if is_run(path) else fingerprint_path(path))
    return identities
