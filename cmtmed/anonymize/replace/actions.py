"""What can be done about an identifier, and which of it makes sense for which type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from cmtmed.anonymize.identifier import TYPES
from cmtmed.errors import did_you_mean

Action = Literal["tag", "pseudonym", "generalize", "drop_dialogue", "keep"]
ACTIONS: Final[tuple[Action, ...]] = ("tag", "pseudonym", "generalize", "drop_dialogue", "keep")
"""``tag``: [电话]. ``pseudonym``: another value of the same kind. ``generalize``: less of the same value.
``drop_dialogue``: the tag, and the dialogue is rejected. ``keep``: nothing."""

_GENERALIZED: Final = frozenset(("DATE", "AGE90", "ADDRESS", "HOSPITAL", "ORG"))
"""Types of which a part says less than the whole."""
_NO_PSEUDONYM: Final = frozenset(("AGE90",))
"""A false age is a false finding; 90岁以上 is true."""


def possible(kind: str) -> tuple[Action, ...]:
    """Return the actions that make sense for a type.

    >>> possible("PHONE")
    ('tag', 'pseudonym', 'drop_dialogue', 'keep')
    """
    senseless = {"generalize"} - ({"generalize"} if kind in _GENERALIZED else set())
    senseless |= {"pseudonym"} if kind in _NO_PSEUDONYM else set()
    return tuple(action for action in ACTIONS if action not in senseless)


def check(actions: Mapping[str, str]) -> None:
    """Check a choice of actions by type.

    Raises:
        ValueError: a type or action does not exist, or makes no sense together; the message gives what is meant.
    """
    for kind, action in actions.items():
        if kind not in TYPES:
            raise ValueError(f"no identifier type is called {kind!r}; {did_you_mean(str(kind), TYPES)}")
        if action not in ACTIONS:
            raise ValueError(f"{kind}: no action is called {action!r}; {did_you_mean(str(action), possible(kind))}")
        if action not in possible(kind):
            raise ValueError(f"{kind}: {action!r} makes no sense here; possible: {', '.join(possible(kind))}")


def completed(actions: Mapping[str, Action], default: Action) -> dict[str, Action]:
    """Return an action for every type.

    Where the default makes no sense, ``generalize`` stands in for it, and if that makes none either, ``tag``.

    >>> every = completed({"PHONE": "keep"}, "pseudonym")
    >>> every["PHONE"], every["QQ"], every["AGE90"]
    ('keep', 'pseudonym', 'generalize')
    """
    instead: tuple[Action, ...] = (default, "generalize", "tag")
    every = {kind: next(one for one in instead if one in possible(kind)) for kind in TYPES}
    return {**every, **actions}


def needs_key(actions: Mapping[str, Action]) -> bool:
    """Say whether any choice depends on the secret key: surrogates do, and so does the offset of dates."""
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
    actions = completed(options.get("actions", {}), options.get("default_action", "tag"))
    return tuple(identifier_type for identifier_type in TYPES if actions[identifier_type] == "keep")
