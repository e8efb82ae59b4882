"""Every wording that podman 4.3.1 to 5.8.6 was seen to use for an error has its kind."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lanekit.adapters.podman_words import error_of, without_warnings
from lanekit.core.errors import EngineFailed

RECORDED = Path(__file__).parents[1] / "recorded"

KINDS = {
    r"container inspect MISSING|inspect --type container .*|(start|stop|kill|rm|port|cp to|rename"
    r"|exec|logs) MISSING": "NotFound",
    r"create existing name|rename onto existing": "NameTaken",
    r"create missing( short)? image pull=never|image inspect MISSING": "ImageMissing",
    r"create missing bind source.*": "SourceMissing",
    r"create bad (name|flag)": "InvalidLane",
    r"start with port in use": "PortTaken",
    r"start (missing entrypoint|non-executable entrypoint|missing workdir|bind source removed"
    r"|user missing)": "StartFailed",
    r"(kill created|rm running no -f|exec not running|pause created|unpause running|stop paused)":
        "WrongState",
}  # fmt: skip
REST_KINDS = {
    r"(json|start|kill|stop|rename|exec|logs|wait|delete|archive PUT) missing( ctr| force)?": (
        "NotFound"
    ),
    r"json of image name|v\d+ json missing|exists missing": "NotFound",
    r"create same name|rename conflict": "NameTaken",
    r"create missing( short)? image|image (json )?missing": "ImageMissing",
    r"create missing bind source": "SourceMissing",
    r"create bad name|rename (bad|no) name": "InvalidLane",
    r"start (missing|noexec) entrypoint": "StartFailed",
    r"pause (created|paused)|kill created|stop paused|unpause running|delete running|exec on not "
    r"running": "WrongState",
}


def _kind(kinds: dict[str, str], what: str) -> str | None:
    return next((kind for pattern, kind in kinds.items() if re.fullmatch(pattern, what)), None)


def _cli() -> list[Any]:
    found: list[Any] = []
    for line in (RECORDED / "errors-cli.txt").read_text().splitlines():
        match = re.fullmatch(r"(\S+) \| (.*?) \| rc=(\d+) \| out=.* \| err=(.*)", line)
        if match and match[3] != "0" and _kind(KINDS, match[2]):
            found.append((match[1], match[2], match[4].replace("~", "\n"), _kind(KINDS, match[2])))
    return found


def _rest() -> list[Any]:
    found: list[Any] = []
    for line in (RECORDED / "errors-rest.txt").read_text().splitlines():
        match = re.fullmatch(r"(\S+) \| (.*?) \| [A-Z]+ (\d+) '(\{.*\})'.*", line)
        if match and int(match[3]) >= 400 and _kind(REST_KINDS, match[2]):
            body = json.loads(match[4].replace("\\\\", "\\").replace("\\'", "'"))
            found.append((match[1], match[2], body["message"], _kind(REST_KINDS, match[2])))
    return found


def test_the_records_hold_what_is_to_be_tested() -> None:
    assert len(_cli()) > 80
    assert len(_rest()) > 80


@pytest.mark.parametrize(("version", "what", "words", "kind"), [*_cli(), *_rest()])
def test_a_recorded_wording_has_its_kind(version: str, what: str, words: str, kind: str) -> None:
    error = error_of("do it", words, image="i")
    assert error.kind == kind, f"{version} {what}"
    assert words.strip() in error.detail


def test_an_unknown_wording_is_told_as_it_is() -> None:
    error = error_of("do it", "Error: the moon is full")
    assert isinstance(error, EngineFailed)
    assert error.detail == "Error: the moon is full"


def test_log_lines_are_not_the_error() -> None:
    warning = 'time="2026-11-23T15:43:28Z" level=warning msg="no such container x"'
    assert without_warnings(f"{warning}\nError: real") == "Error: real"
    assert without_warnings(warning) == warning
