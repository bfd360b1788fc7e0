"""The dialogue table: code and JSON Schema say the same."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given

from cmtmed.resources import bundled
from cmtmed.schema import DIALOGUE, QUARANTINE, json_schema
from tests.support.dialogues import tables


@pytest.mark.parametrize(("name", "columns"), [("dialogue.v2", DIALOGUE), ("quarantine.v1", QUARANTINE)])
def test_json_schema_equals_the_code(name, columns):
    schema = json.loads(bundled(f"schemas/{name}.json").read_text(encoding="utf-8"))
    assert schema == json_schema(columns, schema["title"])


@given(tables())
def test_rows_follow_the_json_schema(rows):
    schema = json.loads(bundled("schemas/dialogue.v2.json").read_text(encoding="utf-8"))
    for row in rows.to_dicts():
        jsonschema.validate(row, schema, jsonschema.Draft202012Validator)
