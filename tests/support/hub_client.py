"""The Hub's client pointed at a server of this machine, in this process or in one that a test may kill."""

from __future__ import annotations

import multiprocessing
import os
from contextlib import contextmanager

from huggingface_hub import constants
from huggingface_hub.utils import close_session

import cmtmed
from cmtmed.hub.dataset import package


@contextmanager
def use_hub(url, token="hf_write", *, xet=False):
    """Let the client speak with a server; addresses are read when the library is imported, so they are set there."""
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, url)
    settings = {
        "ENDPOINT": url, "HUGGINGFACE_CO_URL_TEMPLATE": template, "HF_HUB_DISABLE_XET": not xet, "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_TELEMETRY": True,
    }  # fmt: skip
    before = {name: getattr(constants, name) for name in settings}
    environment = os.environ.get("HF_TOKEN")
    for name, value in settings.items():
        setattr(constants, name, value)
    os.environ["HF_TOKEN"] = token
    try:
        yield
    finally:
        close_session()
        for name, value in before.items():
            setattr(constants, name, value)
        if environment is None:
            del os.environ["HF_TOKEN"]
        else:
            os.environ["HF_TOKEN"] = environment


def client_environment(url, home, token="hf_write"):
    """Return the environment of a process whose client speaks with a server, and keeps what it loads in a directory."""
    return os.environ | {
        "HF_ENDPOINT": url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home), "HF_TOKEN": token, "HF_HUB_OFFLINE": "0",
        "HF_DATASETS_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_VERBOSITY": "error",
    }  # fmt: skip


def publish_to(url, out, repo, *, xet=False, **options):
    """Publish in this process."""
    with use_hub(url, xet=xet):
        return cmtmed.publish(out, repo, **options)


def _publish(url, out, repo, picture, options):
    package.draw_stage_chart = lambda _report: picture
    publish_to(url, out, repo, **options)


def create_publisher(url, out, repo, picture, **options):
    """Return a process that will publish.

    Most of what it would take is not its work: it is forked from one that has the libraries loaded already, and gets
    the picture drawn, since the first one of a process takes half a second.
    """
    context = multiprocessing.get_context("forkserver")
    libraries = ["altair", "datasets", "huggingface_hub.hf_api", "mlcroissant", "vl_convert"]
    context.set_forkserver_preload(["tests.support.hub_client", "cmtmed.hub.publish", *libraries])
    return context.Process(target=_publish, args=(url, str(out), repo, picture, options))
