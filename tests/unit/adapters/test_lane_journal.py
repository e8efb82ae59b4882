"""The journal of a lane on disk: what outlives what, and what a damaged file is taken for."""

import json
import os
import pwd
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from lanekit.adapters.host.lane_journal import FileJournal, default_state_folder, read_journal
from lanekit.adapters.host.lane_lock import FileLock
from lanekit.core.domain.errors import InvalidLane
from lanekit.core.domain.journal import (
    EMPTY,
    ChangeStarted,
    ConfigCopyStarted,
    Journal,
    Record,
    Settled,
    StoppedForChange,
    decode,
    encode,
)

FULL = Journal(
    (
        ChangeStarted(),
        ConfigCopyStarted("a" * 64),
        StoppedForChange("b" * 64, 'env differs, "\u00e9\n'),
        Settled("c" * 64),
    ),
    (json.dumps({"record": "held", "until": 5}), json.dumps(["what", None])),
)
RECORDS: st.SearchStrategy[Record] = st.one_of(
    st.builds(ChangeStarted),
    st.builds(Settled, st.text()),
    st.builds(ConfigCopyStarted, st.text()),
    st.builds(StoppedForChange, st.text(), st.text()),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@given(st.lists(RECORDS).map(tuple))
def test_journal_is_read_as_it_was_written(records: tuple[Record, ...]) -> None:
    assert decode(encode(Journal(records, FULL.unknown))) == Journal(records, FULL.unknown)


def test_record_of_a_newer_lanekit_is_kept_through_an_ensure() -> None:
    newer = (
        {"record": "held", "until": 5},
        {"record": "settled", "container_id": "x", "more": "y"},
        {"record": "settled"},
        {"record": "change started", "percent": 5},
        {"container_id": "x"},
        7,
    )
    journal = decode(json.dumps({"records": newer, "version": 2}))
    assert journal.records == ()
    after = journal.start_change((), "a").settle("b")
    assert decode(encode(after)) == after
    assert tuple(json.loads(text) for text in after.unknown) == newer


@given(st.one_of(st.text(), st.binary().map(lambda data: data.decode("latin-1"))))
def test_text_that_is_no_journal_is_an_empty_one(text: str) -> None:
    assert decode(text).records == ()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"records": 5}', "[" * 100_000, "null"])
def test_damaged_journal_is_an_empty_one(text: str) -> None:
    assert decode(text) == EMPTY


@pytest.mark.parametrize("cut", range(0, len(encode(FULL)) - 2, 7))
def test_journal_that_is_cut_off_is_an_empty_one(cut: int) -> None:
    assert decode(encode(FULL)[:cut]) == EMPTY


def test_holder_of_the_lock_reads_what_the_one_before_wrote(folder: Path) -> None:
    lock = FileLock(str(folder))
    assert lock.read_journal("ws-a") == EMPTY
    for before, after in ((EMPTY, Journal((Settled("x"),))), (Journal((Settled("x"),)), FULL)):
        with lock.hold("ws-a", 0).unwrap() as journal:
            assert journal.read() == before
            assert isinstance(journal.write(after, durable=False), Success)
            assert journal.read() == after
    assert lock.read_journal("ws-a") == FULL
    assert lock.read_journal("ws-b") == EMPTY
    assert sorted(file.name for file in folder.iterdir()) == ["ws-a.json", "ws-a.lock"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "ws-a.json").stat().st_mode) == 0o600


def test_empty_journal_leaves_no_file(folder: Path) -> None:
    journal = FileJournal(str(folder / "ws-a.json"))
    for durable in (True, False):
        _ = journal.write(FULL, durable=durable)
        _ = journal.write(EMPTY, durable=durable)
        _ = journal.write(EMPTY, durable=durable)
        assert list(folder.iterdir()) == []


_WRITER = """
import sys, time
from lanekit.adapters.host.lane_lock import FileLock
from lanekit.core.domain.journal import Journal, Settled
with FileLock(sys.argv[1]).hold("ws-a", 0).unwrap() as journal:
    at = 0
    while True:
        at += 1
        journal.write(Journal((Settled(str(at) * 2000),)), durable=bool(at % 2))
        if at == 5:
            print("writes", flush=True)
"""


def test_journal_whose_writer_is_killed_is_whole(folder: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    for _ in range(3):
        command = [sys.executable, "-c", _WRITER, str(folder)]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "writes\n"
            for _ in range(50):
                assert FileLock(str(folder)).read_journal("ws-a").settled_id, "read while written"
            writer.send_signal(signal.SIGKILL)
        with FileLock(str(folder)).hold("ws-a", 0).unwrap() as journal:
            assert journal.read().settled_id


def test_durable_write_syncs_file_before_and_folder_after_rename(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, os.rename

    def sync(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        done.append(f"sync {kind}")
        fsync(descriptor)

    def move(old: str, new: str) -> None:
        done.append("rename")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "rename", move)
    journal = FileJournal(str(folder / "ws-a.json"))
    _ = journal.write(FULL, durable=True)
    assert done == ["sync file", "rename", "sync folder"]
    done.clear()
    _ = journal.write(Journal((Settled("x"),)), durable=False)
    assert done == ["rename"]
    done.clear()
    _ = journal.write(EMPTY, durable=True)
    assert done == ["sync folder"]


def test_write_that_fails_is_an_error_where_a_decision_rests_on_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = FileJournal(str(folder / "ws-a.json"))
    _ = journal.write(FULL, durable=True)

    def full(_old: str, _new: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    failed = journal.write(Journal((Settled("x"),)), durable=True)
    assert isinstance(failed, Failure)
    assert isinstance(failed.failure(), InvalidLane)
    assert "ws-a.json: No space left on device" in str(failed.failure())
    assert journal.read() == FULL
    assert isinstance(journal.write(Journal((Settled("x"),)), durable=False), Success)
    assert journal.read() == EMPTY, "what was there could mislead"
    assert read_journal(str(folder / "ws-a.json")) == EMPTY


def _link(path: Path) -> None:
    _ = (path.parent / "other").write_text(encode(FULL))
    path.symlink_to(path.parent / "other")


@pytest.mark.parametrize("place", [os.mkfifo, Path.mkdir, _link], ids=["fifo", "folder", "link"])
def test_what_is_no_file_of_ours_is_an_empty_journal(
    tmp_path: Path, place: Callable[[Path], None]
) -> None:
    place(tmp_path / "ws-a.json")
    assert read_journal(str(tmp_path / "ws-a.json")) == EMPTY


def test_journal_of_another_user_is_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ws-a.json"
    _ = path.write_text(encode(FULL))
    assert read_journal(str(path)) == FULL
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert read_journal(str(path)) == EMPTY


def test_journal_in_a_folder_that_others_may_write_to_is_refused(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    failed = FileJournal(str(folder / "ws-a.json")).write(FULL, durable=True)
    assert "others may write" in str(failed.failure())


@pytest.mark.parametrize(
    ("user", "home", "expected"),
    [
        (0, "/root", "/var/lib/lanekit"),
        (1000, "/", "//.local/state/lanekit"),
        (1000, "/nonexistent", "/var/tmp/lanekit-1000"),
        (1000, None, "/var/tmp/lanekit-1000"),
    ],
)
def test_state_folder_depends_on_the_user_alone(
    monkeypatch: pytest.MonkeyPatch, user: int, home: str | None, expected: str
) -> None:
    def entry(number: int) -> pwd.struct_passwd:
        if home is None:
            raise KeyError(number)
        return pwd.struct_passwd(("u", "x", number, number, "", home, "/bin/sh"))

    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(pwd, "getpwuid", entry)
    for name in ("HOME", "XDG_STATE_HOME", "TMPDIR", "USER"):
        monkeypatch.setenv(name, "/elsewhere")
    assert default_state_folder() == expected
