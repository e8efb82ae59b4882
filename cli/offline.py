"""The commands that ask podman nothing: drift of a saved inspect, show, fingerprint."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lanekit.cli.looking import ExitCodeOption
from lanekit.cli.options import LaneArgument, PolicyName, PolicyOption, Settings
from lanekit.cli.output.streams import (
    EXIT_CHANGES_PENDING,
    FAILED,
    print_message,
    print_result,
    usage_error,
)

if TYPE_CHECKING:
    from lanekit.core.domain.containers import ContainerSpec
    from lanekit.core.domain.differences import Drift
    from lanekit.core.domain.errors import Outcome
    from lanekit.core.domain.lanes import Lane


def drift(
    settings: Settings,
    lane: LaneArgument,
    inspect: Annotated[
        str, typer.Option(metavar="FILE", help="saved output of podman inspect; - is stdin")
    ],
    policy: PolicyOption = PolicyName.strict,
    exit_code: ExitCodeOption = False,
) -> None:
    """Judge a saved podman inspect.

    Podman is not needed. Several containers in it: the one with the lane's container name.
    """
    from lanekit.cli.output.json import Record, differences, line  # noqa: PLC0415 - start-up
    from lanekit.cli.output.outcomes import report_all  # noqa: PLC0415
    from lanekit.cli.saved_inspect import verdict  # noqa: PLC0415
    from lanekit.cli.session import open_session  # noqa: PLC0415

    session = open_session(settings, [lane], policy)
    text = _read(inspect)
    found: list[Drift] = []

    def judge(asked: Lane) -> Outcome[Drift]:
        from returns.result import Failure  # noqa: PLC0415 - costs start-up

        spec = session.runtime.spec(asked)
        return spec if isinstance(spec, Failure) else verdict(asked, spec.unwrap(), text, policy)

    def show(asked: Lane, drifted: Drift) -> str:
        found.extend([drifted] if drifted else [])
        if settings.json:
            record = Record(asked.name, asked.container_name, drift=differences(drifted))
            return line(record)
        if not drifted:
            return f"{asked.name}: no drift"
        return "\n".join([f"{asked.name}: drift", *(f"  differs  {d}" for d in drifted)])

    report_all(session, [(one, judge(one)) for one in session.lanes], show)
    if policy is PolicyName.strict:
        print_message(
            "note: image.id, and what the image brings, is not compared: podman is not asked"
        )
    if exit_code and found:
        raise typer.Exit(EXIT_CHANGES_PENDING)


def _read(path: str) -> str:
    try:
        if path == "-":
            content = sys.stdin.buffer.read()
        else:
            with open(path, "rb") as file:
                content = file.read()
    except (OSError, ValueError) as error:
        words = (error.strerror if isinstance(error, OSError) else None) or str(error)
        usage_error(f"--inspect {path}: cannot be read: {words}")
    return content.decode(errors="surrogateescape")


def show(settings: Settings, lane: LaneArgument) -> None:
    """Print the podman create command.

    Exact, quoted for a shell; the values of variables from the fleet file are left out.
    """
    from shlex import join  # noqa: PLC0415 - costs start-up

    from lanekit.cli.output.json import Record, line  # noqa: PLC0415
    from lanekit.cli.output.outcomes import report_all  # noqa: PLC0415
    from lanekit.cli.session import open_session  # noqa: PLC0415
    from lanekit.core.domain.podman_create.args import create_args  # noqa: PLC0415

    def command(asked: Lane, spec: ContainerSpec) -> str:
        _tell_of_secrets(spec)
        argv = ("podman", *create_args(spec))
        if settings.json:
            return line(Record(asked.name, asked.container_name), command=argv)
        return join(argv)

    session = open_session(settings, [lane])
    report_all(session, [(one, session.runtime.spec(one)) for one in session.lanes], command)


def _tell_of_secrets(spec: ContainerSpec) -> None:
    from lanekit.core.domain.podman_create.args import (  # noqa: PLC0415 - start-up
        affects_podman_itself,
        env_passthrough,
    )

    exported = sorted(env_passthrough(spec))
    if exported:
        print_message(
            f"note: podman takes the value of {', '.join(exported)} from its own environment"
        )
    on_stdin = [var.name for var in spec.env if var.secret and affects_podman_itself(var.name)]
    if on_stdin:
        print_message(f"note: podman reads {', '.join(on_stdin)} from stdin, as NAME=value lines")


def fingerprint(
    settings: Settings,
    folder: Annotated[str, typer.Argument(metavar="DIR", show_default=False)],
    credentials: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Left out, as in the profile.")
    ] = None,
) -> None:
    """Print a config folder's fingerprint.

    As it stands in INBOX_RUNTIME_CODEX_SHA. --json adds the digest of the archive.
    """
    import json  # noqa: PLC0415 - costs start-up

    from returns.result import Failure, Success  # noqa: PLC0415

    from lanekit.adapters.host.files import DiskFiles  # noqa: PLC0415
    from lanekit.cli.output.json import error_object  # noqa: PLC0415
    from lanekit.cli.output.text import error_text  # noqa: PLC0415

    record: dict[str, object] = {"dir": folder, "fingerprint": None, "digest": None, "error": None}
    match DiskFiles().config(os.path.abspath(folder), credentials or ()):
        case Success(copy):
            record |= {"fingerprint": copy.fingerprint, "digest": copy.digest}
            print_result(json.dumps(record) if settings.json else copy.fingerprint)
        case Failure(error):
            if settings.json:
                print_result(json.dumps(record | {"error": error_object(error)}))
            print_message(error_text(error))
            raise typer.Exit(FAILED)
