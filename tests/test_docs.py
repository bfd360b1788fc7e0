"""Documentation says what the code does: generated pages are current, code blocks run, commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import cmtmed
from cmtmed.stages import STAGES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
CHINESE = [path for path in PAGES if path.name.endswith(".zh-CN.md")]


def test_generated_files_are_current():
    process = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stdout


def blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
def test_chinese_pages_keep_step(path):
    """Code blocks, tables and headings follow the English page, and each page leads to the other."""
    english = path.with_name(path.name.replace(".zh-CN", ""))
    pages = [page.read_text(encoding="utf-8") for page in (english, path)]
    block = re.compile(r"^```.*?^```$", flags=re.MULTILINE | re.DOTALL)
    assert block.findall(pages[0]) == block.findall(pages[1])
    prose = [block.sub("", page) for page in pages]
    for pattern in (r"^#+ ", r"^\|", r"^(?:- |\d+\. )"):
        first, second = (re.findall(pattern, page, flags=re.MULTILINE) for page in prose)
        assert first == second, pattern
    assert f"]({path.name})" in pages[0]
    assert f"]({english.name})" in pages[1]


def test_the_pages_that_users_read_first_are_there_in_chinese():
    assert [path.relative_to(ROOT).as_posix() for path in CHINESE] == [
        "README.zh-CN.md",
        "docs/anonymization.zh-CN.md",
        "docs/crawl-formats.zh-CN.md",
        "docs/resuming.zh-CN.md",
        "docs/source-options.zh-CN.md",
        "docs/tutorial.zh-CN.md",
    ]


def test_the_architecture_names_files_that_exist():
    paths = re.findall(
        r"`((?:cmtmed|trainers|tests)/[\w/]+(?:\.py)?/?)`", (DOCS / "architecture.md").read_text("utf-8")
    )
    assert len(paths) > 15
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_index_leads_to_every_page():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    pages = [path for path in DOCS.glob("*.md") if path.name != "index.md"]
    assert [path.name for path in pages if f"({path.name})" not in index] == []
    decisions = (DOCS / "decisions" / "index.md").read_text(encoding="utf-8")
    pages = [path for path in (DOCS / "decisions").glob("*.md") if path.name != "index.md"]
    assert [path.name for path in pages if path.name not in decisions] == []


def test_the_reference_names_everything_public():
    reference = (DOCS / "reference.md").read_text(encoding="utf-8")
    listed = re.findall(r"^::: cmtmed\.(\w+)$", reference, flags=re.MULTILINE)
    assert sorted(listed) == sorted(cmtmed.__all__)


def test_the_site_builds(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    reference = (tmp_path / "reference" / "index.html").read_text(encoding="utf-8")
    assert [name for name in cmtmed.__all__ if f'id="cmtmed.{name}"' not in reference] == []


def test_the_stage_examples_run():
    code = "\n".join(blocks(DOCS / "adding-a-stage.md", "python"))
    process = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr


RUN_COMMAND = """
import sys
from cmtmed.cli import main
def run_command(arguments):
    sys.argv = ["cmtmed", *arguments]
    try:
        main()
    except SystemExit as end:
        assert not end.code, (arguments, end.code)
"""


def test_the_tutorial_runs(tmp_path):
    """Every block of the tutorial, in order, as a reader would: files are written, commands and code are run."""
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    # One process for all of them: most of what each would take is loading the libraries.
    steps = []
    for language, title, code in re.findall(r'```(\w+)(?: title="([^"]+)")?\n(.*?)```', text, flags=re.DOTALL):
        if title:
            (tmp_path / title).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / title).write_text(code, encoding="utf-8")
        elif language == "python":
            steps.append(f"exec({code!r}, {{'__name__': '__main__'}})")
        elif language == "console":
            commands = re.findall(r"^\$ cmtmed (.*)$", code, flags=re.MULTILINE)
            steps += [f"run_command({command.split()!r})" for command in commands]
    assert len(steps) >= 5
    _run([sys.executable, "-W", "error", "-c", "\n".join([RUN_COMMAND, *steps])], tmp_path)


def _run(command, cwd):
    process = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_every_page_is_in_the_navigation():
    listed = re.findall(r"[\w./-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
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


def test_the_script_in_the_readme_runs(tmp_path):
    (code,) = blocks(ROOT / "README.md", "python")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    _run([sys.executable, "-W", "error", "-c", code], tmp_path)
