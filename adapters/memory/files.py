"""Extract a tar stream into the files of a pretended container, as podman's copier does."""

import io
import tarfile

from returns.result import Failure, Success

from lanekit.adapters.memory.workers import CopiedFile
from lanekit.core.domain.errors import EngineFailed, LaneError, Outcome

_FOLDER_MODE = 0o755
_BLOCK = 512


def extract(archive: bytes, files: dict[str, CopiedFile]) -> Outcome[None]:
    """Add the archive's members to `files`, by absolute path; missing folders are made.

    `EngineFailed` for what is no tar, for one that ends too early, and for a folder in the place
    of a file or the other way round; what came before stays, as with podman.
    """
    # A cut in the filling after a file's content is none to podman, but one to tarfile.
    whole = archive + bytes(-len(archive) % _BLOCK)
    try:
        with tarfile.open(fileobj=io.BytesIO(whole), mode="r:") as tar:
            for member in tar:
                if member.offset_data + member.size > len(archive):
                    return _refused("unexpected EOF")
                path = f"/{member.name.removeprefix('./').strip('/')}"
                clash = _add(path, _copied(tar, member), files)
                if clash:
                    return _refused(clash)
            return _check_end(archive, tar.offset)
    except tarfile.TarError as error:
        return _refused(str(error))


def _refused(words: str) -> Failure[LaneError]:
    return Failure(EngineFailed("could not copy: podman refuses the archive", detail=words))


def _check_end(archive: bytes, end: int) -> Outcome[None]:
    # What tarfile takes for an end, podman does not when it is cut or not zero.
    if not end:
        return _refused("source must be a (compressed) tar archive when copying from stdin")
    for block in (archive[at : at + _BLOCK] for at in (end, end + _BLOCK)):
        if block not in (b"", bytes(_BLOCK)):
            return _refused("reading tar stream: expected EOF: unexpected EOF")
    return Success(None)


def _copied(tar: tarfile.TarFile, member: tarfile.TarInfo) -> CopiedFile:
    if member.isdir():
        return CopiedFile("folder", member.mode)
    if member.issym():
        return CopiedFile("link", member.mode, target=member.linkname)
    content = tar.extractfile(member)
    return CopiedFile("file", member.mode, data=content.read() if content else b"")


def _add(path: str, new: CopiedFile, files: dict[str, CopiedFile]) -> str:
    parent = path.rsplit("/", 1)[0]
    if parent and parent not in files:
        clash = _add(parent, CopiedFile("folder", _FOLDER_MODE), files)
        if clash:
            return clash
    old = files.get(path)
    if old is not None and (old.kind == "folder") != (new.kind == "folder"):
        return f"copier: put: error creating {path!r}: file exists"
    if path != "/":
        files[path] = new
    return ""
