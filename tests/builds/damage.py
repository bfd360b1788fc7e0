"""Damage to builds: mutations of their JSON files and bytes, and the commands that must outlive them."""

from __future__ import annotations

import json
import random
import shutil
import sys
import traceback
from pathlib import Path

import polars as pl
from typer.testing import CliRunner

import cmtmed
from cmtmed.audit import audit_build
from cmtmed.audit.review import read_sampled_turns
from cmtmed.builds.clusters import find_cluster, list_clusters
from cmtmed.cli import app
from cmtmed.errors import CmtmedError
from cmtmed.training.run.views import open_view
from tests.support.published import CARD

VALUES = [
    None, True, False, 0, -1, 7, 10**30, 1.5, float("nan"), float("inf"), "", "x", "0", "../../x", "/etc/hostname",
    "\x1b[31m\u202e\ud800", "长" * 300, [], {}, [None], [[]], {"": {}}, {"x": [1, {"y": None}]}, [[[[[["deep"]]]]]],
]  # fmt: skip
"""Values that take the place of any value of a JSON file."""


def nest(depth):
    return "[" * depth + "]" * depth


CONTENTS = {
    "empty": b"",
    "blank": b" \n\t ",
    "binary": bytes(range(256)) * 3,
    "not utf-8": b'{"a": "\xff\xfe"}',
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "null": b"null",
    "list": b"[]",
    "object": b"{}",
    "number": b"3",
    "text": b'"x"',
    "big number": b"1" * 10_000,
    "nested": nest(100_000).encode(),
    "nested less": nest(900).encode(),
    "nested objects": b'{"a":' * 900 + b"1" + b"}" * 900,
    "two values": b"{} {}",
    "NaN": b"NaN",
}
"""Contents that take the place of a whole JSON file."""


def list_json_files(out):
    return sorted(path for path in out.rglob("*.json*"))


def _iter_places(value, parents=()):
    """Yield container and key of every value in a JSON value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in list(entries):
        yield value, key, (*parents, key)
        yield from _iter_places(child, (*parents, key))


def mutate(path, rng):
    """Damage a JSON file, or one of JSON lines, and return what was done."""
    choice = rng.random()
    if choice < 0.25:
        name = rng.choice([*CONTENTS, "missing", "directory", "cut", "cut", "flipped"])
        content = path.read_bytes()
        if name in {"missing", "directory"}:
            path.unlink()
            if name == "directory":
                path.mkdir()
        elif name == "cut":
            path.write_bytes(content[: rng.randrange(len(content))] if content else b"")
        elif name == "flipped" and content:
            position = rng.randrange(len(content))
            path.write_bytes(
                content[:position] + bytes([content[position] ^ 1 << rng.randrange(8)]) + content[position + 1 :]
            )
        else:
            path.write_bytes(CONTENTS.get(name, b""))
        return name
    lines = (
        path.read_text(encoding="utf-8").splitlines() if path.suffix == ".jsonl" else [path.read_text(encoding="utf-8")]
    )
    if not lines:
        return "nothing"
    number = rng.randrange(len(lines))
    value = json.loads(lines[number])
    places = list(_iter_places(value))
    if not places:
        return "nothing"
    container, key, location = rng.choice(places)
    action = rng.choice(["replace", "replace", "replace", "delete", "add", "nest"])
    if action == "replace":
        new = rng.choice(VALUES)
        container[key] = new
        label = f"{location} = {new!r}"
    elif action == "delete":
        del container[key]
        label = f"del {location}"
    elif action == "add":
        new = rng.choice(VALUES)
        if isinstance(container, dict):
            container["x"] = new
        else:
            container.insert(0, new)
        label = f"add beside {location} {new!r}"
    else:
        container[key] = json.loads(nest(rng.choice([70, 500])))
        label = f"{location} nested"
    lines[number] = json.dumps(value, ensure_ascii=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return label


def _invoke(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def _load_views(out, _id):
    for view in ("sft", "pretrain", "prompts", "dialogues"):
        for rows in cmtmed.load(out, view).values():
            list(rows)


def _open_views(out, _id):
    for view in ("sft", "pretrain", "prompts"):
        for rows in open_view(out, view).values():
            list(rows)


def _publish(out, _id):
    cmtmed.publish(out, "org/dialogues", card=CARD, quarantined=1, dry_run=True)


COMMANDS = {
    "load": _load_views,
    "open_view": _open_views,
    "explain": lambda out, id: _invoke("explain", out, id),
    "explain --verify": lambda out, id: _invoke("explain", out, id, "--verify"),
    "duplicates": lambda out, _id: (_invoke("duplicates", out), list_clusters(out)),
    "duplicates ID": find_cluster,
    "compare": lambda out, _id: _invoke("compare", out, out),
    "audit": lambda out, _id: (_invoke("audit", out, "--show", 3), read_sampled_turns(audit_build(out))),
    "stats": lambda out, _id: (cmtmed.Build.open(out).report.to_dict(), cmtmed.Build.open(out).manifest.to_dict()),
    "report": lambda out, _id: _invoke("report", out),
    "report --no-text": lambda out, _id: _invoke("report", out, "--no-text"),
    "publish": _publish,
}
SLOW = {"report", "report --no-text", "publish"}


def run(command, out, id):
    """Run a command on a build: ``done``, ``refused`` with the message, or ``crash`` with the error."""
    try:
        command(out, id)
    except CmtmedError as error:
        return "refused", str(error)
    except (Exception, pl.exceptions.PanicException):  # noqa: BLE001 (whatever else comes is what must not come)
        return "crash", traceback.format_exc()
    return "done", ""


def copy_build(source, target):
    shutil.rmtree(target, ignore_errors=True)
    return shutil.copytree(source, target)


def flip(path, rng):
    """Damage some bytes of a file without changing its length, and return what was done."""
    content = bytearray(path.read_bytes())
    # Half of the damage hits the places that say how the rest is to be read: the schema, and headers of batches.
    position = rng.choice([rng.randrange(len(content)), rng.randrange(min(len(content), 2000)), -rng.randrange(1, 400)])
    action = rng.choice(["bit", "byte", "zeros", "ones", "swap"])
    if action == "bit":
        content[position] ^= 1 << rng.randrange(8)
    elif action == "byte":
        content[position] = rng.randrange(256)
    elif action == "swap":
        other = rng.randrange(len(content))
        content[position], content[other] = content[other], content[position]
    else:
        start = position % len(content) & ~3
        length = min(rng.choice([4, 8, 64]), len(content) - start)
        content[start : start + length] = (b"\0" if action == "zeros" else b"\xff") * length
    path.write_bytes(content)
    return f"{action} at {position}"


def list_arrow_files(out):
    return sorted(out.rglob("*.arrow"))


def read_raw(out, _id):
    """Read every table batch by batch, as if its length told nothing."""
    build = cmtmed.Build.open(out)
    for table in ("dialogues", "dropped", "quarantine", "sft", "pretrain", "prompts"):
        for batch in build.iter_batches(table):
            batch.to_dicts()


READERS = {"raw": read_raw, **{name: command for name, command in COMMANDS.items() if name not in SLOW}}


def main(out, count, seed, scratch):
    """Damage tables one by one and read them; print a line for every command. A crash of the process tells by its end."""
    rng = random.Random(int(seed))
    source, target = Path(out), Path(scratch) / "out"
    id_ = list_clusters(source)["cluster"][0]
    for number in range(int(count)):
        copy_build(source, target)
        path = rng.choice(list_arrow_files(target))
        label = f"{path.relative_to(target)}: {flip(path, rng)}"
        for name, command in READERS.items():
            print(json.dumps([number, label, name, "begins", ""]), flush=True)
            outcome, message = run(command, target, id_)
            print(json.dumps([number, label, name, outcome, message]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
