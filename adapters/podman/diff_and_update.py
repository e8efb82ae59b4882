"""podman's JSON of what changed in a container's layer -> Change; what an update is asked with."""

from typing import Literal, TypeAlias

from returns.result import Failure, Success

from lanekit.adapters.podman.json_reader import Malformed, Node, as_node, parse, undecodable
from lanekit.core.domain.containers import CPU_PERIOD_US, Limits
from lanekit.core.domain.errors import Outcome
from lanekit.core.domain.observed import LayerChange

_Kind: TypeAlias = Literal["added", "changed", "deleted"]
# A number in REST (containers/storage: ChangeModify, ChangeAdd, ChangeDelete), a key in the CLI.
_KINDS: tuple[_Kind, ...] = ("changed", "added", "deleted")
_SUBJECT = "the changes of a container"
_SWAP_OF_MEMORY = 2  # as podman's command chooses it


def decode_changes(text: str) -> Outcome[tuple[LayerChange, ...]]:
    """Of GET containers/ID/changes (a list, or null) or `podman diff --format=json` (an object)."""
    parsed = parse(text, _SUBJECT)
    if isinstance(parsed, Failure):
        return parsed
    value = parsed.unwrap()
    try:
        # An object has paths by kind; anything else has to be a list, or null.
        found = _by_kind(as_node(value, "")) if text.lstrip()[:1] == "{" else _listed(value)
    except Malformed as error:
        return Failure(undecodable(_SUBJECT, str(error)))
    return Success(tuple(sorted(found, key=lambda change: (change.path, change.kind))))


def _listed(value: object) -> list[LayerChange]:
    return [_change(node) for node in Node({"changes": value}).nodes("changes")]


def _change(node: Node) -> LayerChange:
    number, path = node.number("Kind"), node.text("Path")
    if number not in range(len(_KINDS)) or not path:
        raise Malformed(f"{node.where} is no path with a kind from 0 to 2")
    return LayerChange(path, _KINDS[number])


def _by_kind(node: Node) -> list[LayerChange]:
    unknown = set(node.data) - set(_KINDS)
    if unknown:
        raise Malformed(f"it has changes of a kind {min(unknown)!r}")
    return [LayerChange(path, kind) for kind in _KINDS for path in node.texts(kind)]


def update_args(limits: Limits) -> tuple[str, ...]:
    """Return the options of `podman update`; the command sets the limit of swap itself."""
    return (
        *(() if limits.memory is None else ("--memory", f"{limits.memory}b")),
        *(() if limits.cpus is None else ("--cpus", f"{limits.cpus:g}")),
        *(() if limits.pids_limit is None else ("--pids-limit", str(limits.pids_limit))),
        *(() if limits.restart_policy is None else ("--restart", limits.restart_policy)),
    )


def update_body(limits: Limits) -> dict[str, dict[str, int]]:
    """Return the body of POST containers/ID/update.

    With the limit of swap, for one of memory alone could be more than the old one of both, and
    then the container would not start again.
    """
    body: dict[str, dict[str, int]] = {}
    if limits.memory is not None:
        body["memory"] = {"limit": limits.memory, "swap": limits.memory * _SWAP_OF_MEMORY}
    if limits.cpus is not None:
        body["cpu"] = {
            "quota": round(limits.cpus * CPU_PERIOD_US),
            "period": CPU_PERIOD_US,
        }
    if limits.pids_limit is not None:
        body["pids"] = {"limit": limits.pids_limit}
    return body


def update_query(limits: Limits) -> dict[str, str]:
    """Return the query of the same."""
    policy, _, retries = (limits.restart_policy or "").partition(":")
    query = {"restartPolicy": policy, "restartRetries": retries}
    return {key: value for key, value in query.items() if value}
