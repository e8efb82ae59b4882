"""The program that doctor's container runs, and the tar that brings it there.

An image may have nothing that can be run. So a program of its own is put in: it listens on the
worker's port and waits to be killed. Only for x86-64; for others see `PROGRAMS`.
"""

import struct
from collections.abc import Mapping

from lanekit.core.domain.containers import WORKER_PORT

PATH = "/lanekit-doctor"
_BLOCK = 512
_BASE = 0x400000
_HEADS = 64 + 56

# socket(AF_INET, SOCK_STREAM, 0); bind(it, address, 16); listen(it, 1); for (;;) pause();
_CODE = bytes.fromhex(
    "bf02000000be0100000031d2b8290000000f05"  # edi=2, esi=1, edx=0, eax=41 (socket), syscall
    "89c7488d3521000000ba10000000b8310000000f05"  # edi=eax, rsi=address, edx=16, eax=49 (bind)
    "be01000000b8320000000f05"  # esi=1, eax=50 (listen)
    "b8220000000f05ebf7"  # eax=34 (pause), and again
)
# struct sockaddr_in: AF_INET, the port in network order, any address.
_ADDRESS = b"\x02\x00" + struct.pack(">H", WORKER_PORT) + bytes(12)


def _elf(machine: int, code: bytes) -> bytes:
    """A static program of one segment."""
    size = _HEADS + len(code)
    ident = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    head = struct.pack(
        "<HHIQQQIHHHHHH", 2, machine, 1, _BASE + _HEADS, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)
    return ident + head + segment + code


PROGRAMS: Mapping[str, bytes] = {"amd64": _elf(62, _CODE + _ADDRESS)}
"""By the machine as podman names it. On one that is missing here no program is put in: then a start
is good when the runtime got as far as to look for it."""


def archive(path: str, program: bytes) -> bytes:
    """A tar with the program in it at this path, which ends after its two zero blocks."""
    import tarfile  # noqa: PLC0415 - costs start-up

    member = tarfile.TarInfo(path.lstrip("/"))
    member.mode, member.size = 0o755, len(program)
    padding = bytes(-len(program) % _BLOCK)
    return member.tobuf(tarfile.USTAR_FORMAT) + program + padding + bytes(2 * _BLOCK)
