"""Fixtures for tests that need podman. Whoever asks for one carries the mark `podman`.

Without a podman that works they are skipped, and the end of the run says so; with
LANEKIT_REQUIRE_PODMAN=1 they fail.
"""

import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.hypothesis_settings import register_profiles
from tests.support.sandbox.podman_sandbox import PodmanUnusable, Sandbox, open_sandbox

from lanekit.adapters.host.lane_journal import default_state_folder

# A shell starts what is to run in the background with SIGINT ignored, and so would all that these
# tests start and interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    _ = signal.signal(signal.SIGINT, signal.default_int_handler)
register_profiles()

_NIGHTLY_TIMEOUT_SECONDS = 7200
_WITHOUT_PODMAN = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def podman(pytestconfig: pytest.Config) -> Iterator[Sandbox]:
    """podman with a storage of this session's own, and the demo image in it."""
    try:
        with open_sandbox() as sandbox:
            yield sandbox
    except PodmanUnusable as reason:
        if os.environ.get("LANEKIT_REQUIRE_PODMAN") == "1":
            pytest.fail(f"LANEKIT_REQUIRE_PODMAN=1, but {reason}", pytrace=False)
        pytestconfig.stash[_WITHOUT_PODMAN] = str(reason)
        pytest.skip(str(reason).splitlines()[0])


@pytest.fixture(scope="session")
def podman_service(podman: Sandbox) -> Iterator[Path]:
    """The unix socket of podman's REST service over that storage."""
    with podman.service() as socket:
        yield socket


@pytest.fixture
def prefix(podman: Sandbox) -> Iterator[str]:
    """What the names of this test's containers begin with; they are removed at its end.

    It has a letter that is no hex digit, so that it is never taken for an id.
    """
    own = f"t{secrets.token_hex(4)}-"
    yield own
    podman.remove(own)
    for journal in Path(default_state_folder()).glob(f"{own}*"):
        journal.unlink()


@pytest.fixture(autouse=True)
def _podman_where_marked(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("podman"):
        request.getfixturevalue("podman")


@pytest.hookimpl(tryfirst=True)  # before -m chooses by mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the fixture `podman`, and give nightly tests the time they need."""
    for item in items:
        if "podman" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.podman)
        if item.get_closest_marker("nightly"):
            item.add_marker(pytest.mark.timeout(_NIGHTLY_TIMEOUT_SECONDS))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell pytest-xdist's main process, which prints the summary, why this worker had no podman."""
    output: dict[str, str] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["without_podman"] = session.config.stash.get(_WITHOUT_PODMAN, "")


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_testnodedown(node: Any) -> None:
    """Keep what a worker told at its end; one that crashed told nothing."""
    reason = getattr(node, "workeroutput", {}).get("without_podman", "")
    if reason:
        node.config.stash[_WITHOUT_PODMAN] = reason


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say in plain words that a part of the tests did not run."""
    reason = config.stash.get(_WITHOUT_PODMAN, "")
    if reason:
        terminalreporter.section("the tests that need podman did NOT run")
        terminalreporter.write_line(f"{reason}\n-> install podman (Debian: podman runc), try again")
