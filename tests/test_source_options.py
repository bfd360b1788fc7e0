"""The reference of source options is complete, and its examples are valid."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import yaml

from cmtmed.pipeline import Pipeline

ROOT = Path(__file__).parents[1]
GENERATE = runpy.run_path(str(ROOT / "docs/generate.py"))
OPTIONS = GENERATE["list_source_options"]()
EXAMPLES = GENERATE["SOURCE_EXAMPLES"]
NEEDED = {
    "html.role": {"html": {"turn": "p"}},
    "html.text": {"html": {"turn": "p"}},
    "blocks.lines": {"format": "blocks"},
}


def test_every_option_has_an_example_and_a_translation():
    assert set(EXAMPLES) == set(OPTIONS)
    assert set(yaml.safe_load((ROOT / "docs/source_options_zh.yaml").read_text(encoding="utf-8"))) == set(OPTIONS)


@pytest.mark.parametrize("name", OPTIONS)
def test_descriptions_are_sentences(name):
    description = OPTIONS[name].description
    assert description
    assert description[0].isupper()
    assert description.endswith(".")


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_valid(name):
    source = {"name": "s", **NEEDED.get(name, {})}
    value = yaml.safe_load(EXAMPLES[name])
    option, _, inner = name.partition(".")
    source[option] = {**source.get(option, {}), inner: value} if inner else value
    Pipeline.parse({"name": "p", "extends": "cmtmedqa", "sources": [source]})
