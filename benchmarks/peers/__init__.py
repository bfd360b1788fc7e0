"""Environments of the tools that this library is compared with, each apart from ours: their requirements differ."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ENVIRONMENTS = FOLDER.parents[1] / "build" / "peers"
TORCH = "torch==2.13.0"
"""Installed first, as everywhere in this project: asked for by something else, another build of it may be chosen."""


def prepare_environment(name: str, folder: Path | None = None) -> Path:
    """Return the folder of executables of an environment with the packages of ``peers/NAME.txt``.

    Parameters
    ----------
    name
        Name of the requirements file, without its ending.
    folder
        The environment's folder; by default ``build/peers/NAME``. It is made where it does not exist.

    Raises:
    ------
    SystemExit
        If the packages cannot be installed.
    """
    folder = folder or ENVIRONMENTS / name
    requirements = (FOLDER / f"{name}.txt").read_text("utf-8")
    marker = folder / "requirements.txt"
    if not marker.exists() or marker.read_text("utf-8") != requirements:
        python = str(folder / "bin" / "python")
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        commands = (
            [sys.executable, "-m", "venv", str(folder)],
            [*pip, TORCH],
            [*pip, "-r", str(FOLDER / f"{name}.txt")],
        )
        for command in commands:
            if subprocess.run(command, check=False).returncode:
                raise SystemExit(f"the environment of {name} cannot be made: {' '.join(command)} failed")
        marker.write_text(requirements, encoding="utf-8")
    return folder / "bin"
