"""Sources of reward for PPO. Each takes conversations with their answers and returns a number for every answer.

==========  =====================================================================================
kind        what it is
==========  =====================================================================================
model       a model of its own (`cmtmed.training.ppo.reward_model`)
adapter     the adapter of a reward run over the policy's own base (the same)
http        a judge behind an OpenAI-style interface (`cmtmed.training.ppo.judge`)
python      a callable ``function(prompts, answers) -> list of numbers``
proactivity how many different things the answer asks for before it advises
length      a penalty on long answers
==========  =====================================================================================
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmtmed.errors import BuildError, UsageError
from cmtmed.training.ppo.scoring import AnsweredPrompts, Score, Scorer
from cmtmed.training.ppo.settings import (
    AdapterReward,
    AnyReward,
    JudgeReward,
    LengthReward,
    ModelReward,
    ProactivityReward,
    PythonReward,
)
from cmtmed.training.run.directory import is_run, read_run
from cmtmed.training.run.fingerprint import fingerprint_path

if TYPE_CHECKING:
    from cmtmed.training.ppo.roles import Roles


def build_scorers(sources: Sequence[AnyReward], roles: Roles, settings: Any) -> list[Scorer]:
    """Build the reward sources of a run.

    Args:
        sources: what the settings ask for.
        roles: the policy's base, for ``adapter``, and where models go.
        settings: of the run.

    Raises:
        UsageError: a source is unavailable: no such model, run, function or key.
    """
    return [Scorer(source.label, source.weight, _build_score(source, roles, settings)) for source in sources]


def _build_score(source: AnyReward, roles: Roles, settings: Any) -> Score:
    if isinstance(source, (ModelReward, AdapterReward)):
        from cmtmed.training.ppo import reward_model

        if isinstance(source, ModelReward):
            return reward_model.load_reward_model(source, roles, settings.micro_batch)
        return reward_model.load_reward_adapter(source, roles, settings.model, settings.micro_batch)
    if isinstance(source, JudgeReward):
        from cmtmed.training.ppo.judge import Judge

        return Judge(source)
    if isinstance(source, PythonReward):
        return _wrap_function(import_function(source.function))
    return score_proactivity(source) if isinstance(source, ProactivityReward) else penalize_length(source)


def score_answers(scorers: Sequence[Scorer], batch: AnsweredPrompts) -> dict[str, list[float]]:
    """Score answers with every source.

    Returns:
        Name to numbers, in the order of the answers.

    Raises:
        BuildError: a source gives another count of numbers, or something that is no finite number.
    """
    rewards = {}
    for scorer in scorers:
        output = scorer.score(batch)
        try:
            numbers = [float(item) for item in output]
        except (TypeError, ValueError):
            raise BuildError(f"reward {scorer.name!r} gave {type(output).__name__} that holds no numbers") from None
        if len(numbers) != len(batch.answers):
            raise BuildError(
                f"reward {scorer.name!r} gave {len(numbers)} numbers for {len(batch.answers)} answers; "
                "it must give one for each"
            )
        invalid = next((index for index, number in enumerate(numbers) if not math.isfinite(number)), None)
        if invalid is not None:
            raise BuildError(f"reward {scorer.name!r} gave {numbers[invalid]} for answer {invalid}; it must be finite")
        rewards[scorer.name] = numbers
    return rewards


def import_function(name: str) -> Callable[..., Any]:
    """Import ``package.module:function``, also from the working directory.

    Raises:
        UsageError: there is no such module or function, or it cannot be called.
    """
    module, _, path = name.partition(":")
    working_directory = str(Path.cwd())
    sys.path.insert(0, working_directory)
    try:
        target: Any = importlib.import_module(module)
    except Exception as error:  # the module's own code may fail in any way
        raise UsageError(
            f"reward: the module {module!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(working_directory)
    for attribute in path.split("."):
        target = getattr(target, attribute, None)
    if not callable(target):
        raise UsageError(f"reward: {module!r} has no function {path!r}")
    function: Callable[..., Any] = target
    return function


def _wrap_function(function: Callable[..., Any]) -> Score:
    def call_function(batch: AnsweredPrompts) -> Sequence[float]:
        prompts = [list(map(dict, prompt)) for prompt in batch.prompts]
        try:
            rewards = function(prompts, list(batch.answers))
        except Exception as error:
            raise BuildError(f"reward: {function.__name__} raised {type(error).__name__}; see above") from error
        return rewards.tolist() if hasattr(rewards, "tolist") else rewards  # type: ignore[no-any-return]

    return call_function


def score_proactivity(source: ProactivityReward) -> Score:
    """Reward answers that ask: things asked for before the first advice, each counted once, ``enough`` of which give 1.

    One question asked in ten ways earns no more than once, so that a policy cannot gain by repeating it.
    """
    from cmtmed.inquiry.proactivity import proactivity

    def score(batch: AnsweredPrompts) -> list[float]:
        results = [proactivity([{"role": "assistant", "content": answer}]) for answer in batch.answers]
        return [min(len(result.slots), result.before_advice, source.enough) / source.enough for result in results]

    return score


def penalize_length(source: LengthReward) -> Score:
    """Penalize length: 0 up to the target, -1 at twice, -2 at three times the target."""

    def score(batch: AnsweredPrompts) -> list[float]:
        return [-max(0, length - source.target) / source.target for length in batch.lengths]

    return score


def describe_rewards(sources: Sequence[AnyReward]) -> list[str]:
    """Return what identifies a run's reward models in its fingerprint."""
    identities = []
    for source in sources:
        if isinstance(source, (ModelReward, AdapterReward)) and Path(source.path).is_dir():
            path = Path(source.path)
            identities.append(read_run(path).content.get("fingerprint", "") if is_run(path) else fingerprint_path(path))
    return identities
