"""Rewards from the user's own Python function ``function(prompts, answers) -> list of numbers``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cmtmed.errors import BuildError, UsageError
from cmtmed.training.ppo.scorers.scorer import AnsweredPrompts, Score

RewardFunction = Callable[[list[list[dict[str, str]]], list[str]], Any]
"""Takes prompts and answers; what it returns is checked by `cmtmed.training.ppo.scorers.scorer.score_answers`."""


def import_function(name: str) -> RewardFunction:
    """Import ``package.module:function``; modules in the working directory are found too.

    Raises:
        UsageError: there is no such module or function, or it is not callable.
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
    function: RewardFunction = target
    return function


def build_function_score(function: RewardFunction) -> Score:
    """Wrap a function so that it can be called like any other source of reward."""

    def call_function(batch: AnsweredPrompts) -> Sequence[float]:
        prompts = [list(map(dict, prompt)) for prompt in batch.prompts]
        try:
            rewards = function(prompts, list(batch.answers))
        except Exception as error:
            raise BuildError(f"reward: {function.__name__} raised {type(error).__name__}; see above") from error
        numbers: Sequence[float] = rewards.tolist() if hasattr(rewards, "tolist") else rewards
        return numbers

    return call_function
