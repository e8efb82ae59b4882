"""The words of an ensure that fails, whole: of the worker, of others, of what podman did not do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from inline_snapshot import snapshot
from returns.result import Failure, Success
from tests.support.lane_world import LANE, LaneWorld, words_of

from lanekit.adapters.memory.engine import InMemory, Worker
from lanekit.core.application.idle_check import why_busy
from lanekit.core.application.update_limits import update
from lanekit.core.domain.containers import Limits
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.drift import drift
from lanekit.core.domain.errors import (
    EngineFailed,
    EngineTimeout,
    InvalidState,
    NameInUse,
    Outcome,
    PortInUse,
    or_raise,
)
from lanekit.core.domain.idle import meaning
from lanekit.core.domain.operations import AwaitReady
from lanekit.core.domain.plan import DriftCheck
from lanekit.core.domain.progress import (
    Event,
    Listener,
    OperationFailed,
    OperationFinished,
    OperationStarted,
    OperationUndone,
)

NAME = "ws-a"


@pytest.fixture
def world() -> LaneWorld:
    """A lane that is as asked and answers."""
    return LaneWorld().made()


def _after(operation: str, deed: Callable[[], None]) -> Listener:
    """A listener that does this once, when an operation of this kind is over."""
    todo = [deed]

    def hear(event: Event) -> None:
        done = isinstance(event, OperationFinished) and str(event.operation)
        if todo and done and done.startswith(operation):
            todo.pop()()

    return hear


# --- a worker that does not come ------------------------------------------------------------------


def _silent(world: LaneWorld, **worker: Any) -> str:
    port = world.ours()[0].ports[0].host_port
    world.engine.exit(NAME, 0)
    world.engine.replace_worker(NAME, Worker(answers_after=None, **worker))
    return f"http://127.0.0.1:{port}/"


def test_one_that_does_not_answer_is_told_with_its_last_lines(world: LaneWorld) -> None:
    world.with_profile(ready_timeout=2.5)
    _ = _silent(world, output=("one", "two"))
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: ws-a runs, but did not answer at http://127.0.0.1:40001/ within 2.5 s
its last lines:
one
two
-> call `ensure` to wait again, with a longer `ready_timeout`
-> `logs` returns its last output\
""")
    world.engine.fail("logs", EngineFailed("no"))
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: ws-a runs, but did not answer at http://127.0.0.1:40001/ within 2.5 s
it wrote nothing
-> call `ensure` to wait again, with a longer `ready_timeout`
-> `logs` returns its last output\
""")


def test_one_that_exits_is_told_with_its_code(world: LaneWorld) -> None:
    _ = _silent(world, exits_after=0.1, exit_code=7, last_lines=("no key",))
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: the worker of ws-a exited with code 7 before it answered
its last lines:
no key
-> fix the worker, then call `ensure`\
""")


def test_one_that_was_killed_for_its_memory_is_told_with_podmans_words(world: LaneWorld) -> None:
    _ = _silent(world)

    def killed() -> None:
        world.engine.exit(NAME, 137, oom_killed=True)
        world.engine.tamper(NAME, error="out of memory")

    outcome = world.lanes(_after("start", killed)).ensure(LANE)
    assert words_of(outcome) == snapshot("""\
ws/a: the worker of ws-a exited with code 137, killed for lack of memory before it answered
out of memory
it wrote nothing
-> raise `memory` in the profile, or reduce what the worker needs\
""")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (None, snapshot("its worker did not say at /busy whether it is busy")),
        (199, snapshot("its worker answered 199 at /busy, which does not say that it is idle")),
        (200, ""),
        (299, ""),
        (300, snapshot("its worker answered 300 at /busy, which does not say that it is idle")),
        (409, snapshot("its worker is busy")),
        (423, snapshot("its worker is busy")),
    ],
)
def test_what_a_worker_says_of_itself(status: int | None, said: str) -> None:
    assert meaning(status, "/busy") == said


def test_a_worker_is_asked_at_its_path_and_given_two_seconds(world: LaneWorld) -> None:
    (own,) = world.ours()
    profile = replace(world.profile, idle_path="/busy")
    world.engine.forget_calls()
    assert why_busy(world.engine, profile, own) == ""
    assert [str(call) for call in world.engine.calls] == [
        f"status http://127.0.0.1:{own.ports[0].host_port}/busy"
    ]
    world.engine.replace_worker(NAME, Worker(answers_after=None))
    begun = world.clock.now()
    assert why_busy(world.engine, profile, own) == snapshot(
        "its worker did not say at /busy whether it is busy"
    )
    assert world.clock.now() - begun == pytest.approx(2.0)
    assert why_busy(world.engine, profile, replace(own, ports=())) == snapshot(
        "its worker has no endpoint to be asked at"
    )


# --- what others do meanwhile ---------------------------------------------------------------------


def test_a_name_that_is_taken_again_and_again(world: LaneWorld) -> None:
    world.drift()
    world.engine.fail("create", NameInUse("the name is in use", "by 1234"), times=None)
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: a name that the lane needs was taken 5 times in a row
the name is in use
by 1234
-> if `podman pod ps` shows a pod of that name, choose another `container` for the lane; otherwise find out what creates containers of that name, then try again\
""")


WHO = "-> find out who else starts, stops or removes this container, then run ensure again"


def test_a_lane_that_is_changed_again_and_again(world: LaneWorld) -> None:
    world.drift()
    world.engine.fail("stop", InvalidState("it is paused"), times=None)
    begun = world.clock.now()
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: somebody else changed the lane 5 times in a row while lanekit worked on it
it is paused
-> find out what else starts, stops or removes this container, then try again\
""")
    # Each try waits longer for whoever else is at it: 0.2, 0.4, 0.6 and 0.8 s.
    assert world.clock.now() - begun == pytest.approx(2.0)


def test_a_container_that_is_being_removed_is_waited_for(world: LaneWorld) -> None:
    world.engine.simulate_removing(NAME)
    begun = world.clock.now()
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: somebody else changed the lane 5 times in a row while lanekit worked on it
the container is being removed by somebody else
-> find out what else starts, stops or removes this container, then try again\
""")
    assert world.clock.now() - begun == pytest.approx(2.0)


def test_a_port_that_is_taken_is_the_cause_of_a_replace(world: LaneWorld) -> None:
    world.engine.exit(NAME, 0)
    world.engine.fail("start", PortInUse("its port is taken", " by nginx\n"))
    done = or_raise(world.lanes().ensure(LANE))
    assert {op.cause for op in done.operations if str(op) == "create ws-a.next"} == snapshot(
        {"its host port is taken by somebody else (by nginx)"}
    )


def test_a_port_that_is_taken_is_told_where_nothing_may_be_replaced(world: LaneWorld) -> None:
    world.engine.exit(NAME, 0)
    world.with_profile(on_drift="report")
    world.engine.fail("start", PortInUse("its port is taken", "by nginx"))
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: its port is taken
by nginx
-> on_drift is report, so the container is not replaced: free the port, or call `remove` and then `ensure`\
""")


def test_the_cause_of_a_restart_is_that_it_did_not_answer(world: LaneWorld) -> None:
    world.engine.replace_worker(NAME, Worker(answers_after=None))
    seen: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, OperationStarted) and not isinstance(event.operation, AwaitReady):
            seen.append(f"{event.operation} because {event.operation.cause}")

    assert isinstance(world.lanes(hear, restart_unready=True).ensure(LANE), Failure)
    assert seen == snapshot(
        [
            "stop ws-a because its worker did not answer in time",
            "start ws-a because its worker did not answer in time",
        ]
    )


# --- what podman did not do -----------------------------------------------------------------------


def _judge(world: LaneWorld) -> tuple[str, DriftCheck]:
    (own,) = world.ours()
    spec = container_spec(LANE, replace(world.profile, memory=1 << 30), Digests("1", "2"))

    return own.id, lambda seen: drift(spec, seen, None)


def test_an_update_that_podman_does_not_honour(world: LaneWorld) -> None:
    own, judge = _judge(world)
    ask = Limits(memory=1 << 30)
    world.engine.fail("update", EngineFailed("no", "memory in use"))
    assert words_of(update(world.engine, judge, own, ask)) == snapshot("""\
podman did not change the limits of a container while it runs
no
memory in use\
""")
    world.engine.fail("update", EngineTimeout("no answer"))
    assert words_of(update(world.engine, judge, own, ask)) == snapshot("no answer")
    world.engine.fail("inspect", EngineFailed("cannot look"))
    assert words_of(update(world.engine, judge, own, ask)) == snapshot("cannot look")
    world.engine.tamper(NAME, updatable=True)
    assert or_raise(update(world.engine, judge, own, ask)).memory == 1 << 30
    assert words_of(update(world.engine, judge, own, Limits(memory=1 << 29))) == snapshot("""\
podman did not change the limits of a container while it runs
memory: expected 1073741824, actual 536870912\
""")
    both = Limits(memory=1 << 29, restart_policy="always")
    assert words_of(update(world.engine, judge, own, both)) == snapshot("""\
podman did not change the limits of a container while it runs
restart_policy: expected no, actual always
memory: expected 1073741824, actual 536870912\
""")


def test_a_container_that_vanishes_while_it_is_updated(world: LaneWorld) -> None:
    own, judge = _judge(world)

    class Vanishing(InMemory):
        def update(self, container: str, limits: Limits) -> Outcome[None]:
            _ = container, limits
            return Success(None)

    assert words_of(update(Vanishing(), judge, own, Limits())) == snapshot(
        "container 35bf992dc9e9 vanished while it was updated"
    )


def test_what_podman_made_otherwise_is_told_field_by_field(world: LaneWorld) -> None:
    world.drift()

    def tamper() -> None:
        world.engine.tamper(f"{NAME}.next", restart_policy="always", privileged=True)

    assert words_of(world.lanes(_after("copy config", tamper)).ensure(LANE)) == snapshot("""\
ws/a: podman made a container that is not what was asked for
privileged: expected no, actual yes
restart_policy: expected no, actual always
-> a containers.conf may set this for all containers (/usr/share/containers, /etc/containers, ~/.config/containers, $CONTAINERS_CONF): change it there, or set the same value in the profile if it has a key for it\
""")


def test_what_cannot_be_undone_is_told_with_the_first_error(world: LaneWorld) -> None:
    world.with_profile(env={"TOKEN": "s3cret-value"})
    world.drift()
    world.engine.fail("start", EngineFailed("cannot start", "word s3cret-value"))
    world.engine.fail("rename", EngineTimeout("no answer", "s3cret-value"), skip=2)
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: cannot start
word (hidden)
and `rename ws-a.next to ws-a` could not be undone: no answer
(hidden)
ws-a.prev, which lanekit had stopped (two containers of a lane never run at once), was started again
-> call `ensure` again: it continues from the current state\
""")
    told = [event for event in world.events if isinstance(event, OperationUndone)]
    assert [(str(one.operation), one.failed) for one in told] == snapshot(
        [
            ("start ws-a", ""),
            (
                "rename ws-a.next to ws-a",
                """\
no answer
(hidden)\
""",
            ),
        ]
    )
    (failed,) = [event for event in world.events if isinstance(event, OperationFailed)]
    assert (failed.lane, str(failed.operation), failed.reason) == snapshot(
        ("ws/a", "start ws-a", "cannot start")
    )


def test_an_old_one_that_does_not_come_back_is_told(world: LaneWorld) -> None:
    world.drift()
    world.engine.replace_worker(NAME, Worker(exits_after=0.1, exit_code=9))
    world.engine.fail("rename", EngineFailed("cannot rename", "word"), skip=1)
    assert words_of(world.lanes().ensure(LANE)) == snapshot("""\
ws/a: cannot rename
word
ws-a, which ran before, was kept and started again, and exited with code 9: it mounts the worker and inbox that are on the host now\
""")


def test_a_container_that_goes_between_two_operations_is_told(world: LaneWorld) -> None:
    world.drift()
    heard: list[Event] = []
    go = _after("create", lambda: world.engine.external_remove(f"{NAME}.next"))

    def hear(event: Event) -> None:
        heard.append(event)
        go(event)

    assert or_raise(world.lanes(hear).ensure(LANE)).action == "replaced"
    failed = [event for event in heard if isinstance(event, OperationFailed)]
    assert [str(one.operation) for one in failed] == snapshot(["copy config into ws-a.next"])
    assert failed[0].reason == snapshot("there is no such container")
