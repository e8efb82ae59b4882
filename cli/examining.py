"""The command that looks at the machine: doctor."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from lanekit.cli.options import EngineName, LanesArgument, Settings
from lanekit.cli.output.streams import FAILED, is_rich, print_result, usage_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanekit.core.domain.diagnostics.facts import FleetFacts
    from lanekit.core.domain.diagnostics.findings import Finding
    from lanekit.core.domain.lanes import Lane

_COLOURS = {"ok": "green", "warn": "yellow", "FAIL": "red", "not tried": "blue"}
_STATUS_WIDTH = 9  # of "not tried"
_CHECK_WIDTH = 10  # of "fleet file"
_INDENT = " " * (_STATUS_WIDTH + _CHECK_WIDTH + 4)


def doctor(settings: Settings, lanes: LanesArgument = None) -> None:
    """Look whether lanes can work here, and say what to do.

    Works without a fleet file too. Starts one container of its own and removes it again. Exit
    code 1 when a check fails.
    """

    from lanekit.cli.wiring import examination_for  # noqa: PLC0415
    from lanekit.core.domain.diagnostics.findings import findings, is_well  # noqa: PLC0415

    if settings.engine is EngineName.memory:
        usage_error("doctor looks at podman: --engine auto, cli or socket")
    fleet, chosen = _fleet(settings, lanes or ())
    found = _masked(findings(examination_for(settings)(fleet)), chosen)
    for finding in found:
        print_result(_json(finding) if settings.json else _text(finding))
    if not is_well(found):
        raise typer.Exit(FAILED)


def _fleet(settings: Settings, names: Sequence[str]) -> tuple[FleetFacts, Sequence[Lane]]:
    """What doctor has to know of the fleet file, and the lanes that were chosen of it."""
    from lanekit.adapters.fleet_file.load import (  # noqa: PLC0415
        InvalidFleetFile,
        load_fleet,
        nearest_fleet_file,
    )
    from lanekit.core.domain.diagnostics.facts import FleetFacts  # noqa: PLC0415 - costs start-up

    path = settings.file if settings.file is not None else nearest_fleet_file()
    if path is None:
        if names:
            usage_error("there is no fleet file that could name these lanes")
        return FleetFacts(), ()
    fleet = load_fleet(path)
    if isinstance(fleet, InvalidFleetFile):
        return FleetFacts(path, faults=fleet.lines), ()
    known = {lane.name for lane in fleet.lanes}
    if unknown := [name for name in names if name not in known]:
        usage_error(f"no lane {unknown[0]!r} in {path}")
    chosen = [lane for lane in fleet.lanes if not names or lane.name in names]
    images = dict.fromkeys(lane.profile.image for lane in chosen if lane.profile)
    return FleetFacts(path, images=tuple(images)), chosen


def _masked(found: Sequence[Finding], lanes: Sequence[Lane]) -> tuple[Finding, ...]:
    """What podman said may hold a secret of a lane."""
    from dataclasses import replace  # noqa: PLC0415 - costs start-up

    from lanekit.core.domain.redaction import redact, secrets_of_all  # noqa: PLC0415

    secrets = secrets_of_all(lane.profile for lane in lanes)
    return tuple(
        replace(one, found=redact(one.found, secrets), words=redact(one.words, secrets))
        for one in found
    )


def _json(finding: Finding) -> str:
    import json  # noqa: PLC0415 - costs start-up
    from dataclasses import asdict  # noqa: PLC0415

    return json.dumps(asdict(finding))


def _text(finding: Finding) -> str:
    """The line of a check; below it podman's words, and what to do."""
    from lanekit.core.domain.escaping import escape_control_chars  # noqa: PLC0415 - costs start-up

    word = f"{finding.status:<{_STATUS_WIDTH}}"
    if is_rich(sys.stdout):
        word = typer.style(word, _COLOURS[finding.status])
    lines = [f"{word}  {finding.check:<{_CHECK_WIDTH}}  {escape_control_chars(finding.found)}"]
    lines += [f"{_INDENT}    {escape_control_chars(said)}" for said in finding.words.splitlines()]
    if finding.lines:
        lines.append(
            f"{_INDENT}-> add to {escape_control_chars(finding.file)}, each line in its table:"
        )
        lines += [f"{_INDENT}   {line}" for line in finding.lines]
    lines += [f"{_INDENT}-> {escape_control_chars(line)}" for line in finding.remedy]
    return "\n".join(lines)
