"""Every wording that podman 4.3.1 to 5.8.6 was seen to use for an error has its kind."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanekit.adapters.podman.error_mapping import bounded, error_of, without_warnings
from lanekit.core.domain.errors import EngineFailed, EngineUnavailable, NotOwned, StartFailed
from lanekit.core.domain.hints import Hint

RECORDED = Path(__file__).parents[2] / "recorded"

KINDS = {
    r"container inspect MISSING|inspect --type container .*|(start|stop|kill|rm|port|cp to|rename"
    r"|exec|logs) MISSING": "NotFound",
    r"create existing name|rename onto existing": "NameInUse",
    r"create missing( short)? image pull=never|image inspect MISSING": "ImageMissing",
    r"create missing bind source.*": "MountSourceMissing",
    r"create bad name": "InvalidLane",
    r"create bad flag": "EngineUnavailable",
    r"start with port in use": "PortInUse",
    r"start (missing entrypoint|non-executable entrypoint|missing workdir|bind source removed"
    r"|user missing)": "StartFailed",
    r"(kill created|rm running no -f|exec not running|pause created|unpause running|stop paused)":
        "InvalidState",
    # Not asked by lanekit, or not its to understand: podman's words, and no guess.
    r"inspect( --format| A)? MISSING|cp (missing src|to missing dir|from missing path)"
    r"|port running unpublished-port|create missing image default pull": "EngineFailed",
    r"exec missing command": "StartFailed",
}  # fmt: skip
REST_KINDS = {
    r"(json|start|kill|stop|rename|exec|logs|wait|delete|archive PUT) missing( ctr| force)?": (
        "NotFound"
    ),
    r"json of image name|v\d+ json missing|exists missing": "NotFound",
    r"create same name|rename conflict": "NameInUse",
    r"create missing( short)? image|image (json )?missing": "ImageMissing",
    r"create missing bind source": "MountSourceMissing",
    r"create bad name|rename (bad|no) name": "InvalidLane",
    r"start (missing|noexec) entrypoint": "StartFailed",
    r"pause (created|paused)|kill created|stop paused|unpause running|delete running|exec on not "
    r"running": "InvalidState",
    r"create no image": "InvalidLane",
    r"create (invalid json|wrong type( env)?)|archive (PUT onto file|GET missing)|list (bad "
    r"filter|filters as string not list)": "EngineFailed",
}
# No JSON, or cut off in the record itself.
NO_WORDS = r"archive (HEAD .*|PUT garbage)|unknown path|unversioned json missing|inspect shape .*"


def _kind(kinds: dict[str, str], what: str) -> str | None:
    return next((kind for pattern, kind in kinds.items() if re.fullmatch(pattern, what)), None)


def _cli() -> list[Any]:
    found: list[Any] = []
    for line in (RECORDED / "errors-cli.txt").read_text().splitlines():
        match = re.fullmatch(r"(\S+) \| (.*?) \| rc=(\d+) \| out=.* \| err=(.*)", line)
        words = match[4].replace("~", "\n") if match else ""
        # `exists` and `exec` tell by their status alone.
        if match and match[3] != "0" and words:
            found.append((match[1], match[2], words, _kind(KINDS, match[2])))
    return found


def _rest() -> list[Any]:
    found: list[Any] = []
    for line in (RECORDED / "errors-rest.txt").read_text().splitlines():
        match = re.match(r"(\S+) \| (.*?) \| (?:[A-Z]+ )?(\d+) ?(.*)", line)
        if match is None or int(match[3]) < 400 or re.fullmatch(NO_WORDS, match[2]):
            continue
        body = json.loads(match[4].strip("'").replace("\\\\", "\\").replace("\\'", "'"))
        found.append((match[1], match[2], body["message"], _kind(REST_KINDS, match[2])))
    return found


def test_recorded_error_files_have_enough_entries() -> None:
    assert len(_cli()) > 100
    assert len(_rest()) > 110


def test_every_recorded_error_has_an_expected_kind() -> None:
    assert [(version, what) for version, what, _, kind in [*_cli(), *_rest()] if not kind] == []


@pytest.mark.parametrize(("version", "what", "words", "kind"), [*_cli(), *_rest()])
def test_recorded_wording_maps_to_its_error_kind(
    version: str, what: str, words: str, kind: str
) -> None:
    error = error_of("do it", words, image="i")
    assert error.kind == kind, f"{version} {what}"
    assert words.strip() in error.detail


def test_path_containing_statfs_is_not_a_missing_source() -> None:
    words = "Error: open /srv/statfs x: no such file or directory"
    assert isinstance(error_of("copy it", words), EngineFailed)


def test_unknown_wording_is_reported_unchanged() -> None:
    error = error_of("do it", "Error: the moon is full")
    assert isinstance(error, EngineFailed)
    assert error.detail == "Error: the moon is full"


def test_log_lines_are_removed_from_the_error() -> None:
    warning = 'time="2026-11-23T15:43:28Z" level=warning msg="no such container x"'
    assert without_warnings(f"{warning}\nError: real") == "Error: real"
    assert without_warnings(warning) == ""
    assert without_warnings("WARN[0000] odd\nDEBU[0012] x\nError: real\n") == "Error: real"


def test_text_above_the_error_line_is_removed() -> None:
    above = "Emulate Docker CLI using podman.\nWarnung: no such container x\n"
    below = "See 'podman create --help'"
    assert without_warnings(f"{above}Error: real\n{below}\n") == f"Error: real\n{below}"
    assert without_warnings("Cannot connect to Podman") == "Cannot connect to Podman"


# Every wording by which an error is known.
WORDINGS = (
    *("no such container", "image not known", "no such image", "failed to find image"),
    *("that name is already in use", "container already exists", "container state improper"),
    *("bind: address already in use", "OCI permission denied", "unable to start container"),
    *("unable to find user", "unknown flag", ": invalid argument", "unrecognized command"),
    *("connection refused", "unable to connect to Podman", "no such file or directory"),
    *("UNIQUE constraint failed: ContainerConfig.Name", "Error: error inspecting object: x"),
)


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("begin", ["", "Error: "])
def test_path_containing_error_wording_is_ignored(wording: str, begin: str) -> None:
    for path in (f"/srv/{wording}", f"/srv/{wording}: {wording}/x", f"/{wording} y"):
        missing = error_of("create it", f"{begin}statfs {path}: no such file or directory")
        assert missing.kind == "MountSourceMissing"
        workdir = f'unable to start container "c": workdir "{path}" does not exist on container c'
        assert isinstance(error_of("start it", f"{begin}{workdir}"), StartFailed)
        for mount in (f'error mounting "{path}" to rootfs', f"mount request: open {path}"):
            words = f"{begin}runc: {mount}: stat {path}: no such file or directory: OCI runtime"
            words += " attempted to invoke a command that was not found"
            assert isinstance(error_of("start it", words), StartFailed)


@given(st.lists(st.sampled_from(sorted(WORDINGS)) | st.text(max_size=9), max_size=5).map(" ".join))
def test_any_wording_gives_an_error_with_its_text(words: str) -> None:
    error = error_of("do it", words, image="i")
    assert error.detail == bounded(words)
    assert error.message


@pytest.mark.parametrize(
    "words",
    [
        "Error: unknown shorthand flag: 't' in -t\nSee 'podman rm --help'",
        "Error: unknown flag: --pull\nSee 'podman create --help'",
        "Error: unrecognized command `podman container rename`\nTry 'podman --help'",
        'Error: unknown command "rename" for "podman"',
    ],
)
def test_old_podman_option_error_asks_for_version_4_3(words: str) -> None:
    error = error_of("do it", words)
    assert isinstance(error, EngineUnavailable)
    assert error.detail == words
    assert error.hints == (Hint("upgrade-podman"),)


def test_long_error_text_is_shortened_by_whole_lines() -> None:
    many = "\n".join(f"line {number}" for number in range(100_000))
    short = bounded(many)
    assert short.startswith("line 0\n")
    assert short.endswith("line 99999")
    assert "(99960 more lines)" in short
    assert bounded("x" * 4000) == "x" * 4000
    # A part of a line might be a part of a secret, which nobody would know again.
    assert bounded(f"a\n{'s' * 5000}\nb") == "a\n(a line of 5000 characters)\nb"


def test_pod_with_the_lane_name_is_not_owned() -> None:
    # Recorded from 4.3.1: `podman create --name x` beside a pod x, by the command and by REST.
    for words in (
        'Error: name "x" is in use: pod already exists',
        'name "x" is in use: pod already exists',
    ):
        error = error_of("create x", words)
        assert isinstance(error, NotOwned)
        assert "pod" in error.message


_BUSY_NAME = (
    'Error: creating container storage: the container name "r0" is already in use by {id}. You '
    "have to remove that container to be able to reuse that name: that name is already in use by "
    "an external entity, or use --replace to instruct Podman to do so."
)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        # 5.4.2, when several create the same name at once.
        (_BUSY_NAME, "NameInUse"),
        # `container diff`, and GET changes with and without the type; alike in 4.3.1 and 5.4.2.
        ("Error: {id} not found: container not known", "NotFound"),
        ("{id} not found: container not known", "NotFound"),
        ("{id} not found: layer not known", "NotFound"),
        ("lane not found: layer not known", "EngineFailed"),
    ],
)
def test_later_recorded_wording_maps_to_its_error_kind(words: str, kind: str) -> None:
    assert error_of("do", words.format(id="0123456789abcdef" * 4)).kind == kind
