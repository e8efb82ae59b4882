"""The words of errors, whole: what failed, podman's own words, and what to do next."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from inline_snapshot import snapshot
from returns.result import Failure, Success
from tests.support.lane_world import LANE, Files, LaneWorld, words_of
from tests.support.strategies.lanes import snapshot_of

from lanekit.adapters.memory.engine import InMemory
from lanekit.core.application.observe import check_ids_unambiguous, image_missing
from lanekit.core.domain.config_tree.entries import changed, unreadable
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.errors import (
    ConfigUnreadable,
    InvalidLane,
    LaneError,
    LaneFailed,
    NotFound,
    NotReady,
    Outcome,
    for_lane,
    or_raise,
)
from lanekit.core.domain.git_mounts import GitFacts
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.lanes import DEFAULT_IMAGE, Profile
from lanekit.core.domain.observed import ObservedLane
from lanekit.core.domain.ownership import ownership_error
from lanekit.core.ports.host_files import ArchiveBroken

NAME = "ws-a"
OURS = snapshot_of(container_spec(LANE, Profile("/w", "/i"), Digests()))


@pytest.fixture
def world() -> LaneWorld:
    """A lane that is as asked and answers."""
    return LaneWorld().made()


# --- errors themselves ----------------------------------------------------------------------------


def test_error_text_has_lane_message_detail_and_hint() -> None:
    assert str(NotFound("gone")) == "gone"
    assert str(NotFound("gone", " words\n", (Hint("install-git"),), "ws/a")) == (
        "ws/a: gone\nwords\n-> install git (`apt-get install git`)"
    )
    assert for_lane(NotFound("gone"), "ws/a").lane == "ws/a"
    assert for_lane(NotFound("gone", lane="ws/b"), "ws/a").lane == "ws/b"


def test_or_raise_raises_lane_failed_with_the_error() -> None:
    error = NotReady("not yet", hints=(Hint("install-git"),))
    with pytest.raises(LaneFailed) as raised:
        or_raise(Failure(error))
    assert raised.value.error is error
    assert str(raised.value) == "not yet\n-> install git (`apt-get install git`)"
    assert or_raise(Success(7)) == 7
    unreadable_ = ConfigUnreadable("no", "words")
    broken = ArchiveBroken(unreadable_)
    assert (str(broken), broken.error) == ("no", unreadable_)


def test_unreadable_entry_is_named_by_its_path() -> None:
    assert unreadable("/c/.codex/", "a/b", "is a FIFO", "w", Hint("rename-entry")) == (
        ConfigUnreadable("/c/.codex/a/b is a FIFO", "w", (Hint("rename-entry"),))
    )
    assert unreadable("/cX", "a", "x").message == "/cX/a x"
    assert unreadable("/c", "", "is no folder") == ConfigUnreadable("/c is no folder")
    assert changed("/c", "a", "grew") == ConfigUnreadable(
        "/c/a grew", hints=(Hint("stop-writing"),)
    )
    assert changed("/c", "a", "grew", "by 1").detail == "by 1"
    assert unreadable("/é", "a\nb\ud800", "x").message == r"/é/a\nb\ud800 x"


def test_missing_image_error_says_how_to_get_it(world: LaneWorld) -> None:
    world.engine.remove_image(DEFAULT_IMAGE)
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: image localhost/ai-workflow-agent-runner:local is not in podman's storage
-> lanekit never pulls: build it with `podman build -t localhost/ai-workflow-agent-runner:local DIR`\
""")
    assert str(image_missing(DEFAULT_IMAGE, "no such image")) == snapshot("""\
image localhost/ai-workflow-agent-runner:local is not in podman's storage
no such image
-> lanekit never pulls: build it with `podman build -t localhost/ai-workflow-agent-runner:local DIR`\
""")
    assert str(image_missing("quay.io/x")) == snapshot("""\
image quay.io/x is not in podman's storage
-> lanekit never pulls: `podman pull quay.io/x`, or build it with `podman build -t quay.io/x DIR`\
""")


# --- before anything is touched -------------------------------------------------------------------


def test_all_missing_paths_are_reported_together(world: LaneWorld) -> None:
    world.files.broken = [LANE.worktree]
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: worktree: /work/tree is missing
-> nothing was changed; correct the lane, then try again\
""")
    world.files.broken = [LANE.worktree, "/bin/worker", "/bin/inbox"]
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: worktree: /work/tree is missing (and 2 more)
worker: /bin/worker is missing
inbox: /bin/inbox is missing
-> nothing was changed; correct the lane, then try again\
""")


def test_every_invalid_value_of_a_lane_is_reported(world: LaneWorld) -> None:
    world.with_profile(memory=0, cpus=-1.0)
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: memory must be more than 0, is 0 (and 1 more)
cpus must be more than 0, is -1.0
-> nothing was changed; correct the lane, then try again\
""")


@dataclass
class _Worktree(Files):
    """Files whose worktree has this to say of its repository."""

    says: Outcome[GitFacts] = Success(GitFacts())  # noqa: RUF009 - it is frozen

    def git(self, worktree: str) -> Outcome[GitFacts]:
        _ = worktree
        return self.says


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            InvalidLane("it is no worktree"),
            snapshot("""\
ws/a: git: it is no worktree
-> nothing was changed; correct the lane, then try again\
"""),
        ),
        (
            InvalidLane("no", "a word"),
            snapshot("""\
ws/a: git: no (a word)
-> nothing was changed; correct the lane, then try again\
"""),
        ),
    ],
)
def test_worktree_error_is_reported_as_git_error(
    world: LaneWorld, error: LaneError, message: str
) -> None:
    world.with_profile(git="safe")
    world.files = _Worktree(says=Failure(error))
    assert words_of(world.lanes().ensure(LANE)) == message


def test_missing_git_path_is_reported_unless_lanekit_makes_it(world: LaneWorld) -> None:
    world.with_profile(git="safe")
    # What is to be made is not looked at: it need not be there yet.
    world.files.broken = ["/r/.git/objects", "/r/.git/refs", "/r/.git/logs"]
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: git: /r/.git/objects is missing (and 1 more)
git: /r/.git/refs is missing
-> nothing was changed; correct the lane, then try again\
""")


def test_repository_path_conflict_is_reported(world: LaneWorld) -> None:
    pointer = "/root/.git/worktrees/tree"
    world.files = _Worktree(says=Success(GitFacts(False, "/t/.git", pointer, "/r/.git", "tree")))
    world.with_profile(git="safe", config_dir="/c/.git")
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: git: the repository has to be at /root/.git in the container, which is also a place of /root/.git
-> nothing was changed; correct the lane, then try again\
""")


# --- whose it is ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "env", "message"),
    [
        (
            {"lanekit.workspace": "w2", "lanekit.lane": "z"},
            {},
            snapshot("""\
a container named ws-a.next exists and is not this lane's
it seems to be lane w2/z's; it was not touched
-> choose another `container` for the lane, or rename that one: `podman rename ws-a.next OTHER`\
"""),
        ),
        (
            {"lanekit.workspace": "w2"},
            {"INBOX_LANE_ID": "e"},
            snapshot("""\
a container named ws-a.next exists and is not this lane's
it seems to be lane w2/e's; it was not touched
-> choose another `container` for the lane, or rename that one: `podman rename ws-a.next OTHER`\
"""),
        ),
        (
            {"lanekit.lane": "z"},
            {},
            snapshot("""\
a container named ws-a.next exists and is not this lane's
it seems to be lane ?/z's; it was not touched
-> choose another `container` for the lane, or rename that one: `podman rename ws-a.next OTHER`\
"""),
        ),
        (
            {},
            {"INBOX_WORKSPACE_ID": "e"},
            snapshot("""\
a container named ws-a.next exists and is not this lane's
it seems to be lane e/?'s; it was not touched
-> choose another `container` for the lane, or rename that one: `podman rename ws-a.next OTHER`\
"""),
        ),
        (
            {"com.docker.compose.project": "shop"},
            {},
            snapshot("""\
a container named ws-a.next exists and is not this lane's
it seems to be the compose project shop's; it was not touched
-> choose another `container` for the lane, or rename that one: `podman rename ws-a.next OTHER`\
"""),
        ),
        (
            {"io.podman.compose.project": "shop"},
            {},
            snapshot("""\
a container named ws-a.next exists and is not this lane's
it seems to be the compose project shop's; it was not touched
-> choose another `container` for the lane, or rename that one: `podman rename ws-a.next OTHER`\
"""),
        ),
        (
            {},
            {},
            snapshot("""\
a container named ws-a.next exists and is not this lane's
it seems to be somebody else's (image localhost/ai-workflow-agent-runner:local, id cccccccccccc); it was not touched
-> choose another `container` for the lane, or rename that one: `podman rename ws-a.next OTHER`\
"""),
        ),
    ],
)
def test_unowned_container_error_names_likely_owner(
    labels: dict[str, str], env: dict[str, str], message: str
) -> None:
    stranger = replace(OURS, name="ws-a.next", labels=labels, env=env)
    assert str(ownership_error(LANE, ObservedLane(next=stranger))) == message


def test_container_named_like_another_id_is_rejected(world: LaneWorld) -> None:
    (own,) = world.ours()
    other = replace(own, id="cd" * 32)

    class Confused(InMemory):
        def inspect(self, names: Any) -> Outcome[Any]:
            return Success({name: other for name in names})

    assert words_of(check_ids_unambiguous(Confused(), [own.id])) == snapshot("""\
a container is named 35bf992dc9e9c616612e7696a6cecc1b78e510617311d8a3c2ce6f447ed4d57b, which is the id of the lane's own
its own id is cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd; nothing was touched, for podman takes one for the other
-> rename or remove that container; `podman ps -a --no-trunc` shows both\
""")
    assert check_ids_unambiguous(world.engine, [own.id, "ef" * 32]) == Success(None)
