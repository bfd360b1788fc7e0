"""A tiny model and its tokenizer, made once for each file of tests."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    from tests.support.training import save_tiny_model

    return save_tiny_model(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture(scope="module")
def tokenizer(base):
    from cmtmed.training.model.loading import load_tokenizer

    return load_tokenizer(base, "auto")
