"""What several test files share: how long an example may take, and builds that they only read.

A test that changes one of the builds copies it first.
"""

from __future__ import annotations

import os

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

import cmtmed
from tests.support import reports

# How fast a machine is, and what else it does, is no property of the code: benchmarks measure speed. Where CI is set,
# hypothesis takes a profile of its own, which says the same and draws the same examples every time.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="session")
def make_once(tmp_path_factory):
    """Return a function that gives every test process the folder which the first of them makes."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # the processes of one run have it in common

    def make(name, fill):
        folder = root / "shared" / name
        folder.parent.mkdir(exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not (folder / "complete").exists():
                folder.mkdir(exist_ok=True)  # one that a failure left is filled again
                fill(folder)
                (folder / "complete").touch()
        return folder

    return make


@pytest.fixture(scope="session")
def demo(make_once):
    """Return the build of the example crawl."""
    return make_once("demo", reports.build_demo) / "out"


@pytest.fixture(scope="session")
def page(demo, make_once):
    """Return the page of the example crawl."""
    return make_once("page", lambda folder: cmtmed.write_report(demo, folder / "report.html")) / "report.html"


@pytest.fixture(scope="session")
def hostile(make_once):
    """Return a build whose every word tries to be more than a word."""
    return make_once("hostile", reports.build_hostile) / "out"


@pytest.fixture(scope="session")
def canaries(make_once):
    """Return a build with a canary in every text column."""
    return make_once("canaries", reports.build_canaries) / "out"
