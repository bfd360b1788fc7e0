"""What must hold for every file, however damaged."""

from __future__ import annotations

import json
import logging
import random
import signal
import threading
import warnings
from contextlib import contextmanager

from cmtmed.errors import CmtmedError
from cmtmed.io.quarantine import RAW_BYTES, Reason
from cmtmed.io.read import read_file
from cmtmed.source import Source
from tests.fuzz.generate import FORMATS, make_records, pack, write_json_lines
from tests.fuzz.mutate import mutate_bytes, mutate_value

SECONDS = 30
"""Processor seconds for one input, which takes some hundredths of one: more is a hang."""
KINDS = ("valid", "bytes", "packed", "values")


class HangError(BaseException):
    """Reading an input takes too long."""


def make_input(seed):
    """Return name, bytes, what was done to it, and the records whose characters must be accounted for (or None)."""
    rng = random.Random(seed)
    kind = rng.choices(KINDS, (1, 4, 3, 3))[0]
    records = make_records(rng)
    if kind == "values":
        values = [mutate_value(rng, record) for record in records]
        return "crawl.jsonl", write_json_lines(rng, values), kind, values
    name = rng.choice(list(FORMATS))
    data = FORMATS[name](rng, records)
    name = f"crawl.{name}"
    if kind == "bytes":
        data = mutate_bytes(rng, data)
        if rng.random() < 0.1:
            name = name.rsplit(".", 1)[0]  # without a suffix the content must tell
    if kind != "valid" or rng.random() < 0.5:
        name, data = pack(rng, name, data)
    return name, mutate_bytes(rng, data) if kind == "packed" else data, kind, None


class _Selector:
    """Counts the records that a reader finds, and takes them all."""

    is_done = False

    def __init__(self):
        self.numbers = []

    def takes(self, label, number):
        self.numbers.append((label, number))
        return True


@contextmanager
def limit_time():
    """Raise `HangError` after too many processor seconds; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number, _frame):
        raise HangError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def check_input(seed, folder):
    """Read the input of a seed and return what came of it: its kind, dialogues, quarantine entries.

    Raises:
        AssertionError: a law does not hold.
    """
    name, data, kind, values = make_input(seed)
    path = folder / name
    path.write_bytes(data)
    source = Source(name="s", format="blocks") if name.startswith("crawl.blocks") else Source(name="s")
    selector, messages = _Selector(), []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logging.getLogger("cmtmed").addHandler(handler)
    batches = []
    try:
        with limit_time(), warnings.catch_warnings():
            warnings.simplefilter("error")
            batches = list(read_file(path, [source], selector=selector, batch_rows=64))
    except CmtmedError as error:
        messages.append(str(error))
    finally:
        logging.getLogger("cmtmed").removeHandler(handler)
        path.unlink()
    rows = [row for batch in batches for row in batch.dialogues.iter_rows(named=True)]
    entries = [entry for batch in batches for entry in batch.quarantined.iter_rows(named=True)]
    check_entries(entries, path.name)
    check_rows(rows)
    assert len(selector.numbers) == len(set(selector.numbers)), "a record was read twice"
    assert len(entries) <= len(selector.numbers) <= len(entries) + len(rows), "records do not add up"
    texts = [message["content"] for row in rows for message in row["messages"]]
    # A text that stands in a message would be the patient's; short ones are words of any message.
    assert not any(text in message for text in texts if len(text) > 8 for message in messages), "text in a message"
    if values is not None:
        check_characters(values, rows, entries)
    return kind, name, len(rows), len(entries)


def check_entries(entries, name):
    """Check that the quarantine names file, position and reason."""
    reasons = {reason.value for reason in Reason}
    for entry in entries:
        assert entry["file"].startswith(name)
        assert entry["position"].strip()
        assert entry["reason"] in reasons
        assert entry["reason"] != Reason.READER_ERROR, "the reader failed"
        assert len(entry["raw"]) <= RAW_BYTES <= max(RAW_BYTES, entry["raw_bytes"])


def check_rows(rows):
    """Check that dialogues are what their schema says."""
    for row in rows:
        assert row["id"]
        assert row["messages"] is not None
        assert {message["role"] for message in row["messages"]} <= {"user", "assistant", "system"}
        assert all(message["content"] is not None for message in row["messages"])
        assert all(entry["stage"] == "read" and entry["characters"] for entry in row["trace"])


def count(value):
    """Count the characters of a value that are no white space, as JSON writes it."""
    if isinstance(value, dict):
        return sum(map(count, value.values()))
    if isinstance(value, list):
        return sum(map(count, value))
    if value is None:
        return 0
    text = value if isinstance(value, str) else json.dumps(value)
    return sum(not character.isspace() for character in text)


def parse_line(value):
    """Return the value of a line, which may be JSON inside a string."""
    nested = value if isinstance(value, str) and value[:1] in ("[", "{") else None
    return json.loads(nested) if nested else value


def check_characters(values, rows, entries):
    """Check the accounting law: characters written = in turns + left out + in quarantine."""
    in_turns = sum(count(message["content"]) for row in rows for message in row["messages"])
    left_out = sum(entry["characters"] for row in rows for entry in row["trace"])
    quarantined = sum(count(parse_line(json.loads(entry["raw"]))) for entry in entries if entry["raw"])
    written = sum(count(parse_line(value)) for value in values)
    # A key that becomes the id of the record under it is counted with it.
    surplus = in_turns + left_out + quarantined - written
    assert 0 <= surplus <= sum(map(count_keys, values)), f"{in_turns} + {left_out} + {quarantined} != {written}"


def count_keys(value):
    """Count the characters of keys under which an object stands."""
    if isinstance(value, list):
        return sum(map(count_keys, value))
    if not isinstance(value, dict):
        return 0
    return sum(count_keys(item) + (count(key) if isinstance(item, dict | list) else 0) for key, item in value.items())
