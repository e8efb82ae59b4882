"""The command that looks at the machine: doctor."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from lanekit.cli.options import EngineName, LanesArgument, Settings
from lanekit.cli.output.streams import FAILED, is_rich, refuse, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanekit.core.domain.diagnostics.facts import Fleet
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
        refuse("doctor looks at podman: --engine auto, cli or socket")
    fleet, chosen = _fleet(settings, lanes or ())
    found = _masked(findings(examination_for(settings)(fleet)), chosen)
    for finding in found:
        say(_json(finding) if settings.json else _text(finding))
    if not is_well(found):
        raise typer.Exit(FAILED)


def _fleet(settings: Settings, names: Sequence[str]) -> tuple[Fleet, Sequence[Lane]]:
    """What doctor has to know of the fleet file, and the lanes that were chosen of it."""
    from lanekit.adapters.fleet_file.load import (  # noqa: PLC0415
        BadFleet,
        load_fleet,
        nearest_fleet_file,
    )
    from lanekit.core.domain.diagnostics.facts import Fleet  # noqa: PLC0415 - costs start-up

    path = settings.file if settings.file is not None else nearest_fleet_file()
    if path is None:
        if names:
            refuse("there is no fleet file that could name these lanes")
        return Fleet(), ()
    fleet = load_fleet(path)
    if isinstance(fleet, BadFleet):
        return Fleet(path, faults=fleet.lines), ()
    known = {lane.name for lane in fleet.lanes}
    if unknown := [name for name in names if name not in known]:
        refuse(f"no lane {unknown[0]!r} in {path}")
    chosen = [lane for lane in fleet.lanes if not names or lane.name in names]
    images = dict.fromkeys(lane.profile.image for lane in chosen if lane.profile)
    return Fleet(path, images=tuple(images)), chosen


def _masked(found: Sequence[Finding], lanes: Sequence[Lane]) -> tuple[Finding, ...]:
    """What podman said may hold a secret of a lane."""
    from dataclasses import replace  # noqa: PLC0415 - costs start-up

    from lanekit.core.domain.redaction import hide, secrets_of_all  # noqa: PLC0415

    secrets = secrets_of_all(lane.profile for lane in lanes)
    return tuple(
        replace(one, found=hide(one.found, secrets), words=hide(one.words, secrets))
        for one in found
    )


def _json(finding: Finding) -> str:
    import json  # noqa: PLC0415 - costs start-up
    from dataclasses import asdict  # noqa: PLC0415

    return json.dumps(asdict(finding))


def _text(finding: Finding) -> str:
    """The line of a check; below it podman's words, and what to do."""
    from lanekit.core.domain.escaping import printable  # noqa: PLC0415 - costs start-up

    word = f"{finding.status:<{_STATUS_WIDTH}}"
    if is_rich(sys.stdout):
        word = typer.style(word, _COLOURS[finding.status])
    lines = [f"{word}  {finding.check:<{_CHECK_WIDTH}}  {printable(finding.found)}"]
    lines += [f"{_INDENT}    {printable(said)}" for said in finding.words.splitlines()]
    if finding.lines:
        lines.append(f"{_INDENT}-> write into {printable(finding.file)}, each line into its table:")
        lines += [f"{_INDENT}   {line}" for line in finding.lines]
    lines += [f"{_INDENT}-> {printable(line)}" for line in finding.remedy]
    return "\n".join(lines)
