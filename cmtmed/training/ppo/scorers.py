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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cmtmed.errors import BuildError, UsageError
from cmtmed.training.fingerprint import fingerprint_of_path
from cmtmed.training.ppo.settings import (
    AdapterReward,
    AnyReward,
    JudgeReward,
    LengthReward,
    ModelReward,
    ProactivityReward,
    PythonReward,
)
from cmtmed.training.run import is_run, read

if TYPE_CHECKING:
    from cmtmed.training.ppo.roles import Roles


class Answered(NamedTuple):
    """Conversations that the policy went on with.

    Attributes:
        prompts: messages of each (``role`` and ``content``), ending with the patient.
        answers: what the policy said.
        lengths: tokens of each answer.
    """

    prompts: Sequence[Sequence[Mapping[str, str]]]
    answers: Sequence[str]
    lengths: Sequence[int]

    @property
    def conversations(self) -> list[list[dict[str, str]]]:
        """The messages with the answer as the last."""
        pairs = zip(self.prompts, self.answers, strict=True)
        return [[*map(dict, prompt), {"role": "assistant", "content": answer}] for prompt, answer in pairs]


Score = Callable[[Answered], Sequence[float]]


class Scorer(NamedTuple):
    """A source of reward.

    Attributes:
        name: what the metrics call it.
        weight: its factor in the sum.
        score: gives the numbers.
    """

    name: str
    weight: float
    score: Score


def make(sources: Sequence[AnyReward], roles: Roles, settings: Any) -> list[Scorer]:
    """Make the sources of a run ready.

    Args:
        sources: what the settings ask for.
        roles: the policy's base, for ``adapter``, and where models go.
        settings: of the run.

    Raises:
        UsageError: a source cannot be had: no such model, run, function or key.
    """
    return [Scorer(one.label, one.weight, _made(one, roles, settings)) for one in sources]


def _made(source: AnyReward, roles: Roles, settings: Any) -> Score:
    if isinstance(source, (ModelReward, AdapterReward)):
        from cmtmed.training.ppo import reward_model

        if isinstance(source, ModelReward):
            return reward_model.separate(source, roles, settings.micro_batch)
        return reward_model.stacked(source, roles, settings.model, settings.micro_batch)
    if isinstance(source, JudgeReward):
        from cmtmed.training.ppo.judge import Judge

        return Judge(source)
    if isinstance(source, PythonReward):
        return _calling(function_of(source.function))
    return asking(source) if isinstance(source, ProactivityReward) else long(source)


def score(scorers: Sequence[Scorer], answered: Answered) -> dict[str, list[float]]:
    """Ask every source.

    Returns:
        Name to numbers, in the order of the answers.

    Raises:
        BuildError: a source gives another count of numbers, or something that is no finite number.
    """
    told = {}
    for scorer in scorers:
        given = scorer.score(answered)
        try:
            numbers = [float(one) for one in given]
        except (TypeError, ValueError):
            raise BuildError(f"reward {scorer.name!r} gave {type(given).__name__} that holds no numbers") from None
        if len(numbers) != len(answered.answers):
            raise BuildError(
                f"reward {scorer.name!r} gave {len(numbers)} numbers for {len(answered.answers)} answers; "
                "it must give one for each"
            )
        wrong = next((place for place, number in enumerate(numbers) if not math.isfinite(number)), None)
        if wrong is not None:
            raise BuildError(f"reward {scorer.name!r} gave {numbers[wrong]} for answer {wrong}; it must be finite")
        told[scorer.name] = numbers
    return told


def function_of(name: str) -> Callable[..., Any]:
    """Import ``package.module:function``, also from the working directory.

    Raises:
        UsageError: there is no such module or function, or it cannot be called.
    """
    module, _, path = name.partition(":")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:  # the module's own code may fail in any way
        raise UsageError(
            f"reward: the module {module!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(here)
    for part in path.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise UsageError(f"reward: {module!r} has no function {path!r}")
    called: Callable[..., Any] = found
    return called


def _calling(function: Callable[..., Any]) -> Score:
    def called(answered: Answered) -> Sequence[float]:
        prompts = [list(map(dict, prompt)) for prompt in answered.prompts]
        try:
            given = function(prompts, list(answered.answers))
        except Exception as error:
            raise BuildError(f"reward: {function.__name__} raised {type(error).__name__}; see above") from error
        return given.tolist() if hasattr(given, "tolist") else given  # type: ignore[no-any-return]

    return called


def asking(source: ProactivityReward) -> Score:
    """Reward answers that ask: things asked for before the first advice, each counted once, ``enough`` of which give 1.

    One question asked in ten ways earns no more than once, so that a policy cannot gain by repeating it.
    """
    from cmtmed.inquiry.proactivity import proactivity

    def scored(answered: Answered) -> list[float]:
        told = [proactivity([{"role": "assistant", "content": answer}]) for answer in answered.answers]
        return [min(len(one.slots), one.before_advice, source.enough) / source.enough for one in told]

    return scored


def long(source: LengthReward) -> Score:
    """Punish length: 0 up to the target, -1 at twice, -2 at three times the target."""

    def scored(answered: Answered) -> list[float]:
        return [-max(0, length - source.target) / source.target for length in answered.lengths]

    return scored


def described(sources: Sequence[AnyReward]) -> list[str]:
    """Return what identifies the models of a run's rewards, for its fingerprint."""
    told = []
    for source in sources:
        if isinstance(source, (ModelReward, AdapterReward)) and Path(source.path).is_dir():
            path = Path(source.path)
            told.append(read(path).content.get("fingerprint", "") if is_run(path) else fingerprint_of_path(path))
    return told
