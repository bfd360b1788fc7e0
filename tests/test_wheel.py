"""The installed wheel runs the demo outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the wheel and install it into a directory of its own; return an environment that finds it there."""
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
    return folder, {**os.environ, "PYTHONPATH": str(folder / "site")}


def run(installed, *arguments):
    folder, environment = installed
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_is_what_runs(installed):
    where = run(installed, "-c", "import cmtmed; print(cmtmed.__file__)").strip()
    assert Path(where).is_relative_to(installed[0])


@pytest.mark.parametrize("name", ["pipelines/cmtmedqa.yaml", "schemas/dialogue.v1.json", "examples/demo.py"])
def test_bundled_files_travel_along(installed, name):
    where = Path(run(installed, "-m", "cmtmed.cli", "path", name).strip())
    assert where.is_relative_to(installed[0])
    assert where.read_bytes() == (ROOT / name).read_bytes()


def test_the_demo_runs(installed):
    demo = run(installed, "-m", "cmtmed.cli", "path", "examples/demo.py").strip()
    shown = run(installed, demo, "demo")
    assert "near_duplicate of" in shown
    assert "DatasetDict" in shown
    assert (installed[0] / "demo" / "sft" / "dataset_dict.json").is_file()


def test_the_card_and_the_page_of_the_demo(installed):
    """Templates travel along: what needs them works outside the checkout."""
    folder, environment = installed
    if not (folder / "demo").is_dir():
        run(installed, run(installed, "-m", "cmtmed.cli", "path", "examples/demo.py").strip(), "demo")
    environment["HF_HUB_OFFLINE"] = "1"
    card = run(installed, "-m", "cmtmed.cli", "path", "examples/card.yaml").strip()
    over = [word for check in ("audit", "risk", "test-sets", "card") for word in ("--i-know", check)]
    shown = run(
        installed, "-m", "cmtmed.cli", "publish", "demo", "org/demo", "--dry-run", "--card", card, "--quarantined", "4", *over
    )  # fmt: skip
    assert "<!-- cmtmed:end build -->" in shown
    run(installed, "-m", "cmtmed.cli", "report", "demo")
    assert "</html>" in (folder / "demo" / "report.html").read_text(encoding="utf-8")
