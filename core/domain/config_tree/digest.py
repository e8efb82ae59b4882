"""Entries of a config tree -> the reference's fingerprint, and the injective digest.

The fingerprint goes into an environment variable and must be the reference's, byte for byte. It
cannot tell {"a": "x\0b\0y"} from {"a": "x", "b": "y"}, and it sees no modes, empty folders or
link targets. The digest sees all that the archive holds. Owners and times count in neither.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field

from returns.result import Failure, Success

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.config_tree.entries import Entry, ReadEntry, Tree, changed, in_order
from lanekit.core.domain.errors import Outcome


@dataclass(frozen=True)
class Hashes:
    """What reading a tree gave: hex fingerprint and digest, and each file's own raw sha256."""

    fingerprint: str
    digest: str
    contents: Mapping[str, bytes] = field(repr=False)


def hash_tree(where: str, tree: Tree, read: ReadEntry) -> Outcome[Hashes]:
    """Read each file of the tree once, and once more for each link that leads to it.

    The reference reads through links, so their content is in the fingerprint. When it is not the
    content that the file itself had, the tree (at `where`) changed meanwhile: `ConfigUnreadable`.
    """
    from hashlib import sha256  # noqa: PLC0415 - 9 ms, not needed at start-up

    fingerprint = sha256()
    contents: dict[str, bytes] = {}
    for entry in in_order(tree.entries):
        if entry.kind == "folder":
            continue
        content = sha256()
        fingerprint.update(entry.name.encode() + b"\0")
        for chunk in read(tree.links.get(entry.name, entry)):
            fingerprint.update(chunk)
            content.update(chunk)
        fingerprint.update(b"\0")
        contents[entry.name] = content.digest()
    for link, file in tree.links.items():
        if contents[link] != contents[file.name]:
            return Failure(changed(where, file.name, "changed while it was read"))
    return Success(Hashes(fingerprint.hexdigest(), digest(tree.entries, contents), contents))


def digest(entries: Iterable[Entry], contents: Mapping[str, bytes]) -> str:
    """sha256 (hex) over every entry, each field after its length, so that none runs into another.

    A file's content stands there as its own sha256 (`contents`, by name).
    """
    from hashlib import sha256  # noqa: PLC0415 - 9 ms, not needed at start-up

    total = sha256()
    for entry in in_order(entries):
        content = contents[entry.name] if entry.kind == "file" else b""
        for part in (
            entry.kind.encode(),
            entry.name.encode(),
            b"%o" % entry.mode,
            b"%d" % entry.size,
            content or entry.target.encode(),
        ):
            total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()
