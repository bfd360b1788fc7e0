"""Actions: what happens to an identifier, and which actions make sense for which type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from cmtmed.anonymize.identifier import TYPES
from cmtmed.errors import did_you_mean

Action = Literal["tag", "pseudonym", "generalize", "drop_dialogue", "keep"]
ACTIONS: Final[tuple[Action, ...]] = ("tag", "pseudonym", "generalize", "drop_dialogue", "keep")
"""``tag``: [电话]. ``pseudonym``: another value of the same type. ``generalize``: a less precise value.
``drop_dialogue``: the tag, and the dialogue is dropped. ``keep``: nothing."""

_GENERALIZABLE: Final = frozenset(("DATE", "AGE90", "ADDRESS", "HOSPITAL", "ORG"))
"""Types whose values can be made less precise."""
_NO_PSEUDONYM: Final = frozenset(("AGE90",))
"""A made-up age would be a false clinical finding; 90岁以上 is true."""


def list_allowed_actions(identifier_type: str) -> tuple[Action, ...]:
    """Return the actions that make sense for a type.

    >>> list_allowed_actions("PHONE")
    ('tag', 'pseudonym', 'drop_dialogue', 'keep')
    """
    excluded = set() if identifier_type in _GENERALIZABLE else {"generalize"}
    if identifier_type in _NO_PSEUDONYM:
        excluded.add("pseudonym")
    return tuple(action for action in ACTIONS if action not in excluded)


def check_actions(actions: Mapping[str, str]) -> None:
    """Check actions by type.

    Raises:
        ValueError: a type or an action does not exist, or the two make no sense together; the message says what is
            possible.
    """
    for identifier_type, action in actions.items():
        if identifier_type not in TYPES:
            raise ValueError(
                f"unknown identifier type {identifier_type!r}; {did_you_mean(str(identifier_type), TYPES)}"
            )
        allowed = list_allowed_actions(identifier_type)
        if action not in ACTIONS:
            raise ValueError(f"{identifier_type}: unknown action {action!r}; {did_you_mean(str(action), allowed)}")
        if action not in allowed:
            raise ValueError(
                f"{identifier_type}: {action!r} makes no sense for this type; possible: {', '.join(allowed)}"
            )


def complete_actions(actions: Mapping[str, Action], default: Action) -> dict[str, Action]:
    """Return an action for every type.

    Where the default makes no sense, ``generalize`` takes its place, or ``tag`` if that makes no sense either.

    >>> by_type = complete_actions({"PHONE": "keep"}, "pseudonym")
    >>> by_type["PHONE"], by_type["QQ"], by_type["AGE90"]
    ('keep', 'pseudonym', 'generalize')
    """
    preferences: tuple[Action, ...] = (default, "generalize", "tag")
    defaults = {
        identifier_type: next(action for action in preferences if action in list_allowed_actions(identifier_type))
        for identifier_type in TYPES
    }
    return {**defaults, **actions}


def needs_key(actions: Mapping[str, Action]) -> bool:
    """Return whether any action depends on the secret key: pseudonyms do, and so does the offset of dates."""
    return "pseudonym" in actions.values() or actions.get("DATE") == "generalize"


def list_unredacted(options: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the identifier types that a pipeline leaves in the text, in the order of `TYPES`.

    Args:
        options: of its stage ``redact_identifiers``; None if it has no such stage, which leaves all of them.

    >>> list_unredacted({"actions": {"ORG": "keep", "PERSON": "pseudonym"}, "default_action": "tag"})
    ('ORG',)
    """
    if options is None:
        return TYPES
    actions = complete_actions(options.get("actions", {}), options.get("default_action", "tag"))
    return tuple(identifier_type for identifier_type in TYPES if actions[identifier_type] == "keep")
