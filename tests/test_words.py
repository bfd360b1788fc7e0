"""The code speaks the field's language: names say what they hold and what they do."""

from __future__ import annotations

import ast

import pytest

from tests.code_metrics import (
    CODE,
    FILLERS,
    ROOT,
    begins_with_participle,
    find_import_cycles,
    iter_functions,
    list_local_names,
    measure,
)

FILLER_LIMIT = 2.0
"""Percent of locals and parameters."""
PARTICIPLE_LIMIT = 3.0
"""Percent of functions."""
CYCLES: list[list[str]] = []
"""Import cycles that are tolerated for a while: none."""
FILES = [path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.fixture(scope="module")
def figures():
    return measure(ROOT)


def listing(names):
    return "\n".join(sorted(names))


def test_locals_say_what_they_hold(figures):
    worst = [
        f"{path.relative_to(ROOT)}: {function.name}: {', '.join(sorted(fillers))}"
        for path in FILES
        for function in iter_functions(ast.parse(path.read_text(encoding="utf-8")))
        if (fillers := list_local_names(function) & FILLERS)
    ]
    assert figures["filler names, %"] <= FILLER_LIMIT, listing(worst)


def test_functions_are_verbs(figures):
    worst = [
        f"{path.relative_to(ROOT)}: {function.name}"
        for path in FILES
        for function in iter_functions(ast.parse(path.read_text(encoding="utf-8")))
        if begins_with_participle(function.name)
    ]
    assert figures["functions that begin with a participle, %"] <= PARTICIPLE_LIMIT, listing(worst)


def test_modules_do_not_import_one_another_in_a_cycle():
    assert [cycle for cycle in find_import_cycles(ROOT) if cycle not in CYCLES] == []


@pytest.mark.parametrize(
    ("name", "participle"),
    [
        ("told", True),
        ("_compared", True),
        ("shown_to_all", True),
        ("_found", True),
        ("_training", False),
        ("read_files", False),
        ("need_key", False),
        ("shed", False),
        ("is_settled", False),
        ("embedding", False),
    ],
)
def test_participles_are_recognized(name, participle):
    assert begins_with_participle(name) is participle


def test_parameters_loops_and_handlers_are_locals():
    source = "def f(a, *b, c=1, **d):\n  for e in b:\n    with c as g: pass\n  def inner(h): i = 1\n"
    assert list_local_names(next(iter_functions(ast.parse(source)))) == {"a", "b", "c", "d", "e", "g"}
