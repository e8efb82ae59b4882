"""Plans, as people read them: the text is what these tests pin down."""

from dataclasses import replace
from textwrap import dedent

import pytest
from tests.support.strategies.lanes import IMAGE, snapshot_of

from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.drift import drift
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.observed import ObservedContainer, ObservedLane, State
from lanekit.core.domain.operations import (
    AwaitReady,
    CopyIn,
    Create,
    Operation,
    Remove,
    Rename,
    Start,
    Stop,
    Unpause,
    Verify,
    undo,
)
from lanekit.core.domain.plan import PlanConstraints, make_plan
from lanekit.core.domain.recovery import start_operations

PROFILE = Profile("/worker", "/inbox", config_dir="/c/.codex")
SPEC = container_spec(Lane("ws", "a", "/t"), PROFILE, Digests("1", "2", "3", "4" * 64))
BARE = replace(SPEC, config_target="")
RUNNING = snapshot_of(SPEC)
DRIFTED = replace(RUNNING, user="nobody")
NEXT = replace(RUNNING, id="n" * 64, name="ws-a.next", state="created")
PREV = replace(RUNNING, id="p" * 64, name="ws-a.prev", state="exited")


def text(seen: ObservedLane, because: str = "") -> str:
    made = make_plan(
        "ws/a", SPEC, seen, lambda s: drift(SPEC, s, IMAGE), PlanConstraints(replace=because)
    )
    return str(made)


def test_missing_container_is_created() -> None:
    assert text(ObservedLane()) == dedent("""\
        ws/a (ws-a): create
          create ws-a.next  because there is no such container
          copy config into ws-a.next  because a new container has no config
          verify ws-a.next  because podman may create something else than was asked for
          rename ws-a.next to ws-a  because it is complete
          start ws-a  because there is no such container
          await ws-a  because a lane is ready when its worker answers""")


def test_without_config_container_is_created_under_its_name() -> None:
    made = make_plan("ws/a", BARE, ObservedLane(), lambda _: ())
    assert [str(op) for op in made.operations] == [
        "create ws-a",
        "verify ws-a",
        "start ws-a",
        "await ws-a",
    ]


def test_running_container_without_drift_needs_nothing() -> None:
    assert text(ObservedLane(RUNNING)) == "ws/a (ws-a): nothing to do"


@pytest.mark.parametrize("state", ["created", "exited", "stopped"])
def test_container_not_running_is_started(state: State) -> None:
    assert text(ObservedLane(replace(RUNNING, state=state))) == dedent(f"""\
        ws/a (ws-a): start
          start ws-a  because it is {state}
          await ws-a  because a lane is ready when its worker answers""")


def test_paused_container_is_unpaused() -> None:
    assert "unpause ws-a  because it is paused" in text(
        ObservedLane(replace(RUNNING, state="paused"))
    )


def test_interrupted_stop_is_finished_before_start() -> None:
    words = text(ObservedLane(replace(RUNNING, state="stopping")))
    assert words == dedent("""\
        ws/a (ws-a): start
          stop ws-a  because somebody began to stop it
          start ws-a  because it was being stopped
          await ws-a  because a lane is ready when its worker answers""")
    (stop,) = [
        op
        for op in start_operations("ws-a", replace(RUNNING, state="stopping"))
        if type(op) is Stop
    ]
    assert stop == Stop("ws-a", "somebody began to stop it", runs=False), "nothing to undo"


REPLACE = """\
  create ws-a.next  because user differs
  copy config into ws-a.next  because a new container has no config
  verify ws-a.next  because podman may create something else than was asked for
  stop ws-a  because two containers of a lane never run at once
  rename ws-a to ws-a.prev  because it is kept until its replacement is ready
  rename ws-a.next to ws-a  because this is the commit
  start ws-a  because user differs
  await ws-a  because a lane is ready when its worker answers
  remove ws-a.prev  because its replacement is ready"""


def test_drifted_container_is_replaced() -> None:
    assert text(ObservedLane(DRIFTED)) == (
        "ws/a (ws-a): replace\n"
        "  differs  user: expected root, actual nobody  -> replace\n" + REPLACE
    )


def test_drifted_paused_container_is_unpaused_before_stop() -> None:
    words = text(ObservedLane(replace(DRIFTED, state="paused")))
    woken = "  unpause ws-a  because a paused container cannot be stopped\n"
    assert words.index(woken) < words.index("stop ws-a")


def test_drifted_exited_container_is_not_stopped() -> None:
    assert "stop ws-a" not in text(ObservedLane(replace(DRIFTED, state="exited")))


def test_port_in_use_causes_a_replacement() -> None:
    words = text(ObservedLane(replace(RUNNING, state="exited")), "its host port is taken")
    assert words.startswith("ws/a (ws-a): replace\n  create ws-a.next  because its host port is")


def test_more_than_three_differences_are_counted() -> None:
    worse = replace(DRIFTED, workdir="/", privileged=True, auto_remove=True)
    assert "because user, workdir, privileged and 1 more differ\n" in text(ObservedLane(worse))


UNFINISHED = "because an interrupted ensure left it unfinished"


def test_leftover_next_container_is_removed_first() -> None:
    words = text(ObservedLane(RUNNING, next=NEXT))
    assert words == dedent(f"""\
        ws/a (ws-a): start
          remove ws-a.next  {UNFINISHED}
          await ws-a  because a lane is ready when its worker answers""")


def test_prev_container_without_successor_is_renamed_back() -> None:
    words = text(ObservedLane(next=NEXT, prev=PREV))
    assert words == dedent(f"""\
        ws/a (ws-a): start
          remove ws-a.next  {UNFINISHED}
          rename ws-a.prev to ws-a  {UNFINISHED}
          start ws-a  because it is exited
          await ws-a  because a lane is ready when its worker answers""")
    made = make_plan("ws/a", SPEC, ObservedLane(next=NEXT, prev=PREV), lambda _: ())
    assert made.operations[1] == Rename("ws-a.prev", "ws-a", made.operations[1].cause, keep=True)


def test_replacement_with_prev_container_resumes_at_start() -> None:
    words = text(ObservedLane(replace(RUNNING, state="created"), prev=PREV))
    assert words == dedent("""\
        ws/a (ws-a): replace
          start ws-a  because it is created
          await ws-a  because a lane is ready when its worker answers
          remove ws-a.prev  because its replacement is ready""")


def test_interrupted_replacement_can_be_undone() -> None:
    made = make_plan("ws/a", SPEC, ObservedLane(RUNNING, prev=PREV), lambda _: ())
    assert [(str(op), container[0]) for op, container in made.resumed] == [
        ("create ws-a.next", "c"),
        ("stop ws-a", "p"),
        ("rename ws-a to ws-a.prev", "p"),
        ("rename ws-a.next to ws-a", "c"),
        ("start ws-a", "c"),
    ]
    assert {f"because {op.cause}" for op, _ in made.resumed} == {UNFINISHED}


def test_exited_drifted_successor_is_replaced_by_prev() -> None:
    words = text(ObservedLane(replace(DRIFTED, state="exited"), prev=PREV))
    assert words == dedent(f"""\
        ws/a (ws-a): start
          remove ws-a  {UNFINISHED}
          rename ws-a.prev to ws-a  {UNFINISHED}
          start ws-a  because it is exited
          await ws-a  because a lane is ready when its worker answers""")


def test_running_drifted_successor_is_finished_then_replaced() -> None:
    words = text(ObservedLane(DRIFTED, prev=PREV))
    assert words.index("remove ws-a.prev") < words.index("create ws-a.next")
    assert words.endswith(REPLACE)


@pytest.mark.parametrize(
    ("operation", "inverse"),
    [
        (Create("n", ""), "remove n"),
        (Stop("n", ""), "start n"),
        (Start("n", ""), "stop n"),
        (Rename("a", "b", ""), "rename b to a"),
        (Stop("n", "", runs=False), "None"),
        (Rename("a", "b", "", keep=True), "None"),
        *((op("n", ""), "None") for op in (CopyIn, Verify, Unpause, AwaitReady, Remove)),
    ],
)
def test_undo_is_the_inverse_of_each_operation(operation: Operation, inverse: str) -> None:
    assert str(undo(operation)) == inverse


def test_plan_that_only_awaits_ready_changes_nothing() -> None:
    looking = make_plan("ws/a", SPEC, ObservedLane(RUNNING), lambda _: ())
    assert not looking.changes
    assert make_plan("ws/a", SPEC, ObservedLane(), lambda _: ()).changes
    assert isinstance(looking.operations[0], AwaitReady)
    assert isinstance(RUNNING, ObservedContainer)
