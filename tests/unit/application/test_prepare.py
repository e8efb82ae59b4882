"""What is read of the host for a lane, in which order, and what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from returns.result import Failure, Success
from tests.support.lane_world import LANE, PROFILE, Config, Files

from lanekit.core.application.context import PreparedLane
from lanekit.core.application.prepare import prepare
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.errors import ConfigUnreadable, InvalidLane, Outcome, or_raise
from lanekit.core.domain.git_mounts import GitFacts, git_access
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.lanes import BindMount

READ: Outcome[Config] = Success(Config("f" * 64, "d" * 64))


@dataclass
class _Host(Files):
    """A host that notes what it is asked; each file's digest is its own path."""

    asked: list[str] = field(default_factory=lambda: [])
    unmountable: tuple[str, ...] = ()
    reads: Outcome[Config] = READ

    def folder(self, path: str) -> Outcome[None]:
        self.asked.append(f"folder {path}")
        return super().folder(path)

    def mountable(self, path: str) -> Outcome[None]:
        self.asked.append(f"mountable {path}")
        if path in self.unmountable:
            return Failure(InvalidLane(f"{path} is no place to mount", "words"))
        return Success(None)

    def digest(self, path: str, *, executable: bool) -> Outcome[str]:
        self.asked.append(f"digest {path} {executable}")
        return Failure(InvalidLane("is missing")) if path in self.broken else Success(f"sha {path}")

    def git(self, worktree: str) -> Outcome[GitFacts]:
        self.asked.append(f"git {worktree}")
        return super().git(worktree)

    def config(self, path: str, credentials: Sequence[str] = ()) -> Outcome[Config]:
        self.asked.append(f"config {path} {','.join(credentials)}")
        return self.reads


MOUNTED = replace(PROFILE, mounts=(BindMount("/m", "/a"), BindMount("/n", "/b")))
LOOKS = [
    f"folder {LANE.worktree}",
    "digest /bin/worker True",
    "digest /bin/inbox False",
    f"mountable {LANE.worktree}",
    "mountable /m",
    "mountable /n",
]


def test_mount_sources_are_checked_before_config_is_read() -> None:
    host = _Host()
    profile = replace(MOUNTED, credentials=("auth.json", "tokens"))
    target = or_raise(prepare(host, LANE, profile))
    assert host.asked == [*LOOKS, "config /c/.codex auth.json,tokens"]
    digests = Digests("sha /bin/worker", "sha /bin/inbox", "d" * 64, "f" * 64)
    assert target == PreparedLane(
        LANE, profile, container_spec(LANE, profile, digests), or_raise(host.reads)
    )


@pytest.mark.parametrize("config_dir", ["", " "])
def test_lane_without_config_reads_no_config(config_dir: str) -> None:
    host, profile = _Host(), replace(PROFILE, config_dir=config_dir)
    target = or_raise(prepare(host, LANE, profile))
    digests = Digests("sha /bin/worker", "sha /bin/inbox")
    assert target == PreparedLane(LANE, profile, container_spec(LANE, profile, digests), None)
    assert "config" not in str(host.asked)


def test_prepare_uses_the_given_config_reader() -> None:
    host, shared = _Host(), Config("1" * 64, "2" * 64)

    def read(path: str, credentials: Sequence[str]) -> Outcome[Config]:
        assert (path, credentials) == ("/c/.codex", ())
        return Success(shared)

    assert or_raise(prepare(host, LANE, PROFILE, read)).config is shared
    assert "config" not in str(host.asked)


def test_each_invalid_path_is_reported_by_its_role() -> None:
    host = _Host(broken=("/bin/worker", "/bin/inbox"), unmountable=(LANE.worktree, "/m", "/n"))
    error = prepare(host, LANE, MOUNTED).failure()
    assert error.message == f"worktree: {LANE.worktree} is no place to mount (words) (and 4 more)"
    assert error.detail.splitlines() == [
        "worker: is missing",
        "inbox: is missing",
        "mount: /m is no place to mount (words)",
        "mount: /n is no place to mount (words)",
    ]
    assert "config" not in str(host.asked)
    missing = _Host(broken=(LANE.worktree,))
    assert prepare(missing, LANE, PROFILE).failure().message == (
        f"worktree: {LANE.worktree} is missing"
    )
    assert f"mountable {LANE.worktree}" not in missing.asked


def test_invalid_lane_is_rejected_without_host_access() -> None:
    host = _Host()
    error = prepare(host, LANE, replace(PROFILE, memory=0)).failure()
    assert (error.kind, error.lane, host.asked) == ("InvalidLane", "ws/a", [])


def test_unreadable_config_is_an_error_of_the_lane() -> None:
    error = ConfigUnreadable("/c/.codex/x is a FIFO", "words", (Hint("correct-path"),))
    assert prepare(_Host(reads=Failure(error)), LANE, PROFILE) == Failure(
        replace(error, lane="ws/a")
    )


def test_git_mounts_are_checked_unless_lanekit_makes_them() -> None:
    host, profile = _Host(), replace(PROFILE, git="safe", env={"A": "b"})
    target = or_raise(prepare(host, LANE, profile))
    access = git_access(or_raise(host.git(LANE.worktree)), "safe", profile.env)
    assert target.required_paths == access.required_paths != ()
    assert set(access.mounts) <= set(target.spec.mounts)
    later = {one.path for one in access.required_paths}
    looked = [line.removeprefix("mountable ") for line in host.asked if "mountable" in line]
    assert looked[1:] == [m.source for m in access.mounts if m.source not in later]


def test_git_mode_decides_the_repository_mounts() -> None:
    none = _Host()
    assert or_raise(prepare(none, LANE, PROFILE)).required_paths == ()
    assert f"git {LANE.worktree}" not in none.asked, "it is nobody's business"
    host, profile = _Host(), replace(PROFILE, git="read-write")
    target = or_raise(prepare(host, LANE, profile))
    assert f"git {LANE.worktree}" in host.asked
    access = git_access(or_raise(host.git(LANE.worktree)), "read-write", {})
    assert target.spec.mounts[3:] == access.mounts != ()
    masked = replace(PROFILE, git="safe", mounts=(BindMount("/m", "/workspace/.git"),))
    assert prepare(_Host(), LANE, masked).failure().message == (
        "git: another mount is at /workspace/.git"
    )
    assert isinstance(prepare(_Host(), LANE, replace(masked, git="read-write")), Success)


def test_repository_conflicting_with_a_mount_is_rejected() -> None:
    profile = replace(PROFILE, git="read-write", mounts=(BindMount("/m", "/r/.git/x"),))
    error = prepare(_Host(), LANE, profile).failure()
    assert error.message.endswith("which is also a place of /r/.git/x")
    assert (error.kind, error.lane) == ("InvalidLane", "ws/a")
