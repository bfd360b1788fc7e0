"""Documentation says what the code does: generated pages are current, code blocks run, commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cmtmed.stages import STAGES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


def test_generated_files_are_current():
    done = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_stage_example_runs():
    (code,) = blocks(DOCS / "adding-a-stage.md", "python")
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_tutorial_runs(tmp_path):
    """Every block of the tutorial, in order, as a reader would: files are written, commands and code are run."""
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    ran = 0
    for language, title, code in re.findall(r'```(\w+)(?: title="([^"]+)")?\n(.*?)```', text, flags=re.DOTALL):
        if title:
            (tmp_path / title).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / title).write_text(code, encoding="utf-8")
        elif language == "python":
            _run([sys.executable, "-W", "error", "-c", code], tmp_path)
            ran += 1
        elif language == "console":
            for command in re.findall(r"^\$ cmtmed (.*)$", code, flags=re.MULTILINE):
                _run([sys.executable, "-W", "error", "-m", "cmtmed.cli", *command.split()], tmp_path)
                ran += 1
    assert ran >= 5


def _run(command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_every_page_is_in_the_navigation():
    listed = re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_yaml_in_the_docs_names_real_stages(path):
    for block in blocks(path, r"yaml(?: title=\"[^\"]+\")?"):
        content = yaml.safe_load(block)
        for entry in content.get("stages", []) if isinstance(content, dict) else []:
            assert (entry if isinstance(entry, str) else next(iter(entry))) in STAGES


def test_readme_shows_both_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme
