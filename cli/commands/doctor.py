"""lanekit doctor."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace

import typer

from lanekit.adapters.fleet_file.load import InvalidFleetFile
from lanekit.cli import wiring
from lanekit.cli.arguments import LanesArgument
from lanekit.cli.options import EngineName, Settings
from lanekit.cli.output.streams import FAILED, is_rich, print_result, usage_error
from lanekit.cli.session import choose_lanes, no_fleet_file
from lanekit.core.domain.diagnostics.facts import FleetFacts
from lanekit.core.domain.diagnostics.findings import Finding, findings, is_well
from lanekit.core.domain.escaping import escape_control_chars
from lanekit.core.domain.lanes import Lane
from lanekit.core.domain.redaction import redact, secrets_of_all

_COLOURS = {"ok": "green", "warn": "yellow", "FAIL": "red", "not tried": "blue"}
_STATUS_WIDTH = 9  # of "not tried"
_CHECK_WIDTH = 10  # of "fleet file"
_INDENT = " " * (_STATUS_WIDTH + _CHECK_WIDTH + 4)


def run(settings: Settings, lanes: LanesArgument = None) -> None:
    """Check whether lanes can run here, and say what to do if not.

    Works without a fleet file too. Starts one container of its own and removes it; changes no
    file. The exit code is 1 when a check fails.
    """
    if settings.engine is EngineName.memory:
        usage_error("doctor checks podman: use --engine auto, cli or socket, not memory")
    fleet, chosen = _fleet(settings, lanes or ())
    found = _redacted(findings(wiring.examination_for(settings)(fleet)), chosen)
    for finding in found:
        print_result(_json(finding) if settings.json else _text(finding))
    if not is_well(found):
        raise typer.Exit(FAILED)


def _fleet(settings: Settings, names: Sequence[str]) -> tuple[FleetFacts, Sequence[Lane]]:
    """Return what doctor has to know of the fleet file, and the lanes that were chosen of it."""
    path = settings.file if settings.file is not None else wiring.nearest_fleet_file()
    if path is None:
        if names:
            no_fleet_file()
        return FleetFacts(), ()
    fleet = wiring.load_fleet(path)
    if isinstance(fleet, InvalidFleetFile):
        return FleetFacts(path, faults=fleet.lines), ()
    chosen = choose_lanes(fleet, names)
    images = dict.fromkeys(lane.profile.image for lane in chosen if lane.profile)
    return FleetFacts(path, images=tuple(images)), chosen


def _redacted(found: Sequence[Finding], lanes: Sequence[Lane]) -> tuple[Finding, ...]:
    """Podman's words may hold a secret of a lane."""
    secrets = secrets_of_all(lane.profile for lane in lanes)
    return tuple(
        replace(each, found=redact(each.found, secrets), words=redact(each.words, secrets))
        for each in found
    )


def _json(finding: Finding) -> str:
    return json.dumps(asdict(finding))


def _text(finding: Finding) -> str:
    """Return the line of a check; below it podman's words, and what to do."""
    status = f"{finding.status:<{_STATUS_WIDTH}}"
    if is_rich(sys.stdout):
        status = typer.style(status, _COLOURS[finding.status])
    lines = [f"{status}  {finding.check:<{_CHECK_WIDTH}}  {escape_control_chars(finding.found)}"]
    lines += [f"{_INDENT}    {escape_control_chars(words)}" for words in finding.words.splitlines()]
    if finding.lines:
        lines.append(
            f"{_INDENT}-> add to {escape_control_chars(finding.file)}, each line below its [table]:"
        )
        lines += [f"{_INDENT}   {line}" for line in finding.lines]
    lines += [f"{_INDENT}-> {escape_control_chars(line)}" for line in finding.remedy]
    return "\n".join(lines)
