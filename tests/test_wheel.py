"""The installed wheel compiles its kernels, runs the demo and trains outside the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel and install it into a directory of its own; return an environment that finds it there.

    Nothing is compiled there yet, and the environment names no other place where kernels might lie.
    """
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(folder / "site"),
    ]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    return folder, {**os.environ, "PYTHONPATH": str(folder / "site"), "NUMBA_CACHE_DIR": str(folder / "kernels")}


def run_process(installed, *arguments):
    folder, environment = installed
    process = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    return process


def read_output(installed, *arguments):
    return run_process(installed, *arguments).stdout


def test_the_wheel_is_what_runs(installed):
    path = read_output(installed, "-c", "import cmtmed; print(cmtmed.__file__)").strip()
    assert Path(path).is_relative_to(installed[0])


@pytest.mark.parametrize("name", ["pipelines/cmtmedqa.yaml", "schemas/dialogue.v2.json", "examples/demo.py"])
def test_bundled_files_travel_along(installed, name):
    path = Path(read_output(installed, "-m", "cmtmed.cli", "path", name).strip())
    assert path.is_relative_to(installed[0])
    assert path.read_bytes() == (ROOT / name).read_bytes()


def test_recipes_are_found_and_used(installed):
    """A recipe is found by its name outside the checkout, listed where a name is wrong, and builds a crawl."""
    folder, environment = installed
    recipes = [f"sources/{path.stem}" for path in (ROOT / "pipelines/sources").glob("*.yaml")]
    listed = read_output(
        installed, "-c", "from cmtmed.pipeline_file import list_bundled; print(*list_bundled(), sep='\\n')"
    ).splitlines()
    assert recipes
    assert set(recipes) <= set(listed)
    (folder / "crawl.jsonl").write_text(
        '{"query": "咳嗽三天了怎么办？", "response": "先查血常规，多喝水。"}\n', encoding="utf-8"
    )
    run_process(installed, "-m", "cmtmed.cli", "build", "sources/chatmed", "crawl.jsonl", "--out", "chatmed")
    report = json.loads((folder / "chatmed" / "report.json").read_text(encoding="utf-8"))
    assert report["counts"]["kept"] == 1
    misspelt = [sys.executable, "-m", "cmtmed.cli", "build", "sources/chatmedd", "crawl.jsonl", "--out", "wrong"]
    process = subprocess.run(misspelt, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert "sources/chatmed" in process.stderr


def test_kernels_are_compiled_once_a_machine_and_say_so(installed):
    """Two processes with one cache: the first compiles and says how long, the second loads. The demo loads them too."""
    code = (
        "import logging; logging.basicConfig(level=logging.INFO)\n"
        "from cmtmed.dedup.warmup import load_kernels\n"
        "print(load_kernels().compiled)"
    )
    shutil.rmtree(installed[1]["NUMBA_CACHE_DIR"], ignore_errors=True)
    compilations = []
    for _ in range(2):
        process = run_process(installed, "-c", code)
        compilations.append((int(process.stdout), process.stderr.count("once on this machine")))
    assert compilations[0] >= (5, 1)
    assert compilations[1] == (0, 0)


def test_the_demo_runs(installed):
    demo = read_output(installed, "-m", "cmtmed.cli", "path", "examples/demo.py").strip()
    output = read_output(installed, demo, "demo")
    assert "near_duplicate of" in output
    assert "DatasetDict" in output
    assert (installed[0] / "demo" / "sft" / "dataset_dict.json").is_file()


def test_the_card_and_the_page_of_the_demo(installed):
    """Templates travel along: what needs them works outside the checkout."""
    folder, environment = installed
    if not (folder / "demo").is_dir():
        read_output(installed, read_output(installed, "-m", "cmtmed.cli", "path", "examples/demo.py").strip(), "demo")
    environment["HF_HUB_OFFLINE"] = "1"
    card = read_output(installed, "-m", "cmtmed.cli", "path", "examples/card.yaml").strip()
    overrides = [word for check in ("audit", "risk", "test-sets", "card") for word in ("--i-know", check)]
    output = read_output(
        installed, "-m", "cmtmed.cli", "publish", "demo", "org/demo", "--dry-run", "--card", card, "--quarantined", "4", *overrides
    )  # fmt: skip
    assert "<!-- cmtmed:end build -->" in output
    read_output(installed, "-m", "cmtmed.cli", "report", "demo")
    assert "</html>" in (folder / "demo" / "report.html").read_text(encoding="utf-8")


def test_the_wheel_trains(installed, tmp_path):
    pytest.importorskip("torch", reason="needs the extra train")
    (tmp_path / "text.txt").write_text("头痛三天了，晚上更厉害\n", encoding="utf-8")
    model = tmp_path / "model"
    output = read_output(
        installed, "-m", "cmtmed.cli", "train", "tiny", str(tmp_path / "text.txt"), "--out", str(model), "--hidden", "16",
        "--vocabulary", "300",
    )  # fmt: skip
    assert "weights, context 1024" in output
    help_text = read_output(installed, "-m", "cmtmed.cli", "train", "ppo", "--help")
    assert "Without --config the bundled trainers/ppo.yaml is read." in help_text
