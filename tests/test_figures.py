"""`make bench`: what counts as fallen, and what is written."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, which stands outside the package."""
    specification = importlib.util.spec_from_file_location("figures", ROOT / "benchmarks" / "figures.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "figures", module)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("recorded", "measured", "better", "slack", "verdict"),
    [
        (10.0, 8.9, "higher", 0.1, "fell"),
        (10.0, 9.1, "higher", 0.1, "same"),
        (10.0, 11.2, "higher", 0.1, "rose"),
        (10.0, 11.2, "lower", 0.1, "fell"),
        (10.0, 8.5, "lower", 0.1, "rose"),
        (0.981, 0.980, "higher", 0.0, "fell"),
        (0.981, 0.981, "higher", 0.0, "same"),
        (0.0, 1.0, "lower", 0.5, "fell"),
    ],
)
def test_verdicts(
    figures: ModuleType, recorded: float, measured: float, better: str, slack: float, verdict: str
) -> None:
    """A figure falls when it is worse by more than its slack, whichever way is better."""
    comparison = figures.Comparison(
        "build.x",
        figures.Figure("build.x", recorded, better, slack),
        figures.Figure("build.x", measured, better, slack),
    )
    assert comparison.verdict == verdict


def test_run_compares_updates_and_fails(
    figures: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A first run is recorded, an equal one passes, a worse one is named and fails, and other figures stay."""
    recorded = tmp_path / "figures.json"
    recorded.write_text(json.dumps({"other.x": {"value": 3, "better": "higher", "slack": 0}}), encoding="utf-8")
    script = tmp_path / "scan.py"
    monkeypatch.setattr(figures, "FOLDER", tmp_path)
    monkeypatch.setattr(figures, "COMMANDS", {"scan": ("--fast",)})
    monkeypatch.setattr(figures, "read_recorded", lambda read=figures.read_recorded: read(recorded))
    monkeypatch.setattr(figures, "write_recorded", lambda rows, write=figures.write_recorded: write(rows, recorded))

    def run(ratio: float, *arguments: str) -> None:
        script.write_text(
            f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r}); assert sys.argv[1:] == ['--fast']\n"
            f"from figures import record; record('scan.ratio', {ratio}, slack=0.1)\n",
            encoding="utf-8",
        )
        monkeypatch.setattr(sys, "argv", ["figures.py", *arguments])
        figures.main()

    run(5.0)
    assert "scan.ratio" in capsys.readouterr().out
    run(5.0, "--update")
    assert json.loads(recorded.read_text("utf-8")) == {
        "other.x": {"value": 3, "better": "higher", "slack": 0},
        "scan.ratio": {"value": 5.0, "better": "higher", "slack": 0.1},
    }
    run(4.6)
    with pytest.raises(SystemExit, match=r"1 figures fell: scan\.ratio"):
        run(4.4)


def test_unknown_benchmark_is_named(
    figures: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt name is refused with the names that there are."""
    monkeypatch.setattr(sys, "argv", ["figures.py", "bild"])
    with pytest.raises(SystemExit):
        figures.main()
    assert "no benchmark bild; there are anonymize, build" in capsys.readouterr().err


def test_recorded_figures_are_read(figures: ModuleType) -> None:
    """The recorded figures belong to benchmarks that there are, and each says which way is better."""
    recorded = figures.read_recorded()
    assert recorded
    assert {name.split(".")[0] for name in recorded} <= set(figures.COMMANDS)
    assert {figure.better for figure in recorded.values()} <= {"higher", "lower"}
