"""Checks of what a pipeline file may contain as a regular expression or a CSS selector.

A pattern that cannot be compiled, that matches everything, or that backtracks without end is refused when the pipeline
is loaded, not when the first long line of a crawl meets it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Annotated, Final

from pydantic import AfterValidator

_PROBES: Final = ("患者：您好", "a", "7", "……")
"""Lines that have nothing in common; a pattern that matches all of them matches everything."""
_LENGTH: Final = 4
"""Longest run of one character for which the ways to match it are counted."""
_UNBOUNDED: Final = 30
"""Repetitions from which on doubling the ways with each is too slow."""
_ALPHABET: Final = "aZ7_ \t\u3000-,.:;#*=/()[]<>|\"'，。：；、？！（）【】患医１"
_CATEGORIES: Final = {"CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s", "CATEGORY_WORD": r"\w"}

Node = tuple[object, object]
"""An operation of a parsed pattern and its arguments."""


def compile_pattern(pattern: str) -> re.Pattern[str]:
    r"""Compile a regular expression from a pipeline file.

    Raises:
        ValueError: it is not one, or matching it can take exponential time.

    >>> compile_pattern("(a+)+")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: a repetition inside a repetition can match the same text in many ways...
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # [[a] means something else than it seems to, and will change
            compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        hint = "a literal character is written with a backslash, such as \\( or \\["
        raise ValueError(f"not a regular expression: {reason}; {hint}") from None
    if _is_exponential(pattern):
        raise ValueError(
            "a repetition inside a repetition can match the same text in many ways, and a long line would take for "
            "ever; write a+ for (a+)+, or a possessive one: a++"
        )
    return compiled


def check_line_pattern(pattern: str) -> str:
    """Check a regular expression that selects whole lines.

    Raises:
        ValueError: it is not one, matches every line, or matches an empty line.
    """
    compiled = compile_pattern(pattern)
    if all(compiled.fullmatch(line) for line in _PROBES):
        raise ValueError("matches every line; write what distinguishes these lines from the dialogue")
    if compiled.fullmatch(""):
        raise ValueError("matches an empty line; write + in place of *, so that at least one character is there")
    return pattern


def check_separator(pattern: str) -> str:
    """Check a separator of dialogues: a name (``auto``, ``blank``, ``line``, ``rule``) or a pattern of whole lines.

    Raises:
        ValueError: as in `check_line_pattern`; a pattern for empty lines alone is ``blank``.
    """
    if pattern in {"auto", "blank", "line", "rule"}:
        return pattern
    compiled = compile_pattern(pattern)
    if compiled.fullmatch("") and not any(compiled.fullmatch(line) for line in (*_PROBES, "---", "===", "***")):
        return pattern
    return check_line_pattern(pattern)


def check_header_pattern(pattern: str) -> str:
    """Check a regular expression for the names of header lines, which stand before a colon.

    Raises:
        ValueError: it is not one, does not work as a part of a longer expression, or matches every name.
    """
    compiled = compile_pattern(pattern)
    try:
        re.compile(rf"\s*(?:{pattern})\s*[:：=]\s*(?P<value>.+?)\s*")
    except re.error as error:
        raise ValueError(f"cannot be followed by a colon and a value: {error}") from None
    if compiled.fullmatch("") or all(compiled.fullmatch(line) for line in ("科室", "a", "7")):
        raise ValueError("matches every name; list the names, such as 科室|科别")
    return pattern


def check_label_pattern(pattern: str) -> str:
    """Check a regular expression for the labels at which turns begin.

    Raises:
        ValueError: it is not one, matches between any two characters, or has a group that says nothing of a speaker.
    """
    compiled = compile_pattern(pattern)
    unknown = sorted(set(compiled.groupindex) - LABEL_GROUPS)
    if unknown:
        raise ValueError(f"has no use for a group {unknown[0]!r}; its groups are {', '.join(sorted(LABEL_GROUPS))}")
    if any(match.end() == match.start() > 0 for probe in _PROBES for match in compiled.finditer(f"\n{probe}")):
        raise ValueError("matches where nothing stands; write what a label is made of")
    return pattern


def check_selector(selector: str) -> str:
    """Check a CSS selector.

    Raises:
        ValueError: it cannot be parsed.
    """
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    try:
        LexborHTMLParser("<p></p>").css(selector)
    except SelectolaxError:
        raise ValueError(
            "not a CSS selector; write it as in a style sheet, such as div.post or [data-id='7']"
        ) from None
    return selector


def check_optional_selector(selector: str) -> str:
    """Check a CSS selector that may be empty."""
    return check_selector(selector) if selector else selector


def check_value_selector(expression: str) -> str:
    """Check ``selector``, ``@attribute``, ``selector@attribute``, or nothing.

    Raises:
        ValueError: a part of it is not valid.
    """
    selector, at_sign, attribute = expression.partition("@")
    if at_sign and not re.fullmatch(r"[\w:.-]+", attribute):
        raise ValueError("no attribute stands behind the @; write it as in a@data-role or @class")
    if selector:
        check_selector(selector)
    return expression


LABEL_GROUPS: Final = frozenset({"speaker", "user", "assistant", "system"})
LabelPattern = Annotated[str, AfterValidator(check_label_pattern)]
LinePattern = Annotated[str, AfterValidator(check_line_pattern)]
Separator = Annotated[str, AfterValidator(check_separator)]
HeaderPattern = Annotated[str, AfterValidator(check_header_pattern)]
Selector = Annotated[str, AfterValidator(check_selector)]
OptionalSelector = Annotated[str, AfterValidator(check_optional_selector)]
ValueSelector = Annotated[str, AfterValidator(check_value_selector)]


# A repetition takes exponential time if its body matches a run of one character in two ways, because then the ways to
# match a run double with every character. The ways are counted on the parsed pattern, for runs up to _LENGTH.


def _is_exponential(pattern: str) -> bool:
    nodes = import_module("re._parser").parse(pattern)
    alphabet = sorted({*_ALPHABET, *(chr(code) for code in _list_literals(nodes))})
    return any(sum(_count_ways(body, character)[1:]) > 1 for body in _find_unbounded(nodes) for character in alphabet)


def _list_children(node: Node) -> list[Iterable[Node]]:
    operation, arguments = str(node[0]), node[1]
    if operation == "BRANCH" and isinstance(arguments, tuple):
        return list(arguments[1])
    if operation in {"SUBPATTERN", "MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"} and isinstance(arguments, tuple):
        return [arguments[-1]]
    return []


def _find_unbounded(nodes: Iterable[Node]) -> Iterator[Iterable[Node]]:
    """Yield the bodies of all repetitions that may backtrack through many repeats."""
    for node in nodes:
        operation, arguments = str(node[0]), node[1]
        is_repeat = operation in {"MAX_REPEAT", "MIN_REPEAT"} and isinstance(arguments, tuple)
        if is_repeat and isinstance(arguments, tuple) and int(arguments[1]) >= _UNBOUNDED:
            yield arguments[2]
        for child in _list_children(node):
            yield from _find_unbounded(child)


def _list_literals(nodes: Iterable[Node]) -> Iterator[int]:
    for operation, arguments in nodes:
        if isinstance(arguments, int) and str(operation) in {"LITERAL", "NOT_LITERAL"}:
            yield arguments
        elif isinstance(arguments, list):
            yield from _list_literals(item for item in arguments if str(item[0]) == "LITERAL")
        for child in _list_children((operation, arguments)):
            yield from _list_literals(child)


def _count_ways(nodes: Iterable[Node], character: str) -> list[int]:
    """Return in how many ways a sequence matches a run of one character, by the length of the run."""
    ways = [1] + [0] * _LENGTH
    for node in nodes:
        ways = _convolve(ways, _count_node_ways(node, character))
    return ways


def _count_node_ways(node: Node, character: str) -> list[int]:
    operation, arguments = str(node[0]), node[1]
    nothing = [0] * (_LENGTH + 1)
    once = [0, 1] + [0] * (_LENGTH - 1)
    if operation in {"LITERAL", "NOT_LITERAL", "ANY", "IN"}:
        return once if _matches(operation, arguments, character) else nothing
    if operation in {"MAX_REPEAT", "MIN_REPEAT"} and isinstance(arguments, tuple):
        least, most, body = int(arguments[0]), int(arguments[1]), _count_ways(arguments[2], character)
        power, total = [1, *nothing[1:]], nothing
        for repeats in range(min(most, least + _LENGTH) + 1 if least <= _LENGTH else 0):
            if repeats >= least:
                total = [a + b for a, b in zip(total, power, strict=True)]
            power = _convolve(power, [0, *body[1:]] if repeats >= least else body)
        return total
    if operation == "BRANCH" and isinstance(arguments, tuple):
        branches = [_count_ways(branch, character) for branch in arguments[1]]
        return [sum(counts) for counts in zip(*branches, strict=True)]
    if operation in {"POSSESSIVE_REPEAT", "ATOMIC_GROUP"}:
        body = _count_ways(arguments[2] if isinstance(arguments, tuple) else _as_nodes(arguments), character)
        return [int(position == max((n for n, c in enumerate(body) if c), default=-1)) for position in range(len(body))]
    if operation == "SUBPATTERN" and isinstance(arguments, tuple):
        return _count_ways(arguments[3], character)
    return [1, *nothing[1:]]


def _as_nodes(arguments: object) -> Iterable[Node]:
    return arguments if isinstance(arguments, Iterable) else ()


def _convolve(first: Sequence[int], second: Sequence[int]) -> list[int]:
    return [sum(first[k] * second[n - k] for k in range(n + 1)) for n in range(_LENGTH + 1)]


def _matches(operation: str, arguments: object, character: str) -> bool:
    if operation == "ANY":
        return character != "\n"
    if isinstance(arguments, int):
        return (ord(character) == arguments) == (operation == "LITERAL")
    items = arguments if isinstance(arguments, list) else []
    negate = bool(items) and str(items[0][0]) == "NEGATE"
    return any(_is_member(str(kind), value, character) for kind, value in items) != negate


def _is_member(kind: str, value: object, character: str) -> bool:
    if kind == "LITERAL":
        return ord(character) == value
    if kind == "RANGE" and isinstance(value, tuple):
        return int(value[0]) <= ord(character) <= int(value[1])
    name = str(value)
    positive = name.replace("_NOT_", "_")
    if kind != "CATEGORY" or positive not in _CATEGORIES:
        return False
    return bool(_compile_category(_CATEGORIES[positive]).match(character)) == (name == positive)


@cache
def _compile_category(category: str) -> re.Pattern[str]:
    return re.compile(category)
