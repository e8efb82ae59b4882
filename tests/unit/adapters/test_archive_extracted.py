"""The law of what is archived: extracted by whom trusts every word, it stays in its target."""

import io
import os
import tarfile
import tempfile
from pathlib import Path

from hypothesis import event, given, settings
from returns.result import Failure
from tests.support.strategies.config_trees import sly_entries

from lanekit.core.domain.config_tree.entries import Entry
from lanekit.core.domain.config_tree.tar import parse_tree, tar

TARGET = "root/.codex"


def _fine() -> None:
    pass


def _all_in(folder: Path) -> set[str]:
    return {
        os.path.relpath(os.path.join(where, name), folder)
        for where, folders, files in os.walk(folder)
        for name in [*folders, *files]
    }


@given(sly_entries())
@settings(max_examples=200)
def test_extracted_archive_stays_inside_its_target(entries: list[Entry]) -> None:
    tree = parse_tree("/config", entries)
    event("refused" if isinstance(tree, Failure) else "archived")
    if isinstance(tree, Failure):
        return
    data = b"".join(tar(f"/{TARGET}", tree.unwrap(), lambda _: [], _fine))
    with tempfile.TemporaryDirectory() as above:
        # What is outside: a file and a folder to be hit, by going up as often as one likes.
        folder = Path(above, "a", "b", "c")
        folder.mkdir(parents=True)
        for place in (folder, *folder.parents[:3]):
            (place / "x").mkdir()
            _ = (place / "f").write_text("untouched")
        before = _all_in(Path(above))
        with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8") as archive:
            archive.extraction_filter = tarfile.fully_trusted_filter
            archive.extractall(folder)
        inside = os.path.join("a", "b", "c", TARGET)
        made = _all_in(Path(above)) - before - {os.path.join("a", "b", "c", "root"), inside}
        assert all(name.startswith(f"{inside}/") for name in made)
        assert len(made) == len(tree.unwrap().entries) - 1
        real = os.path.join(above, inside)
        for name in made:
            assert os.path.realpath(os.path.join(above, name)).startswith(f"{real}/")
        for place in (folder, *folder.parents[:3]):
            assert (place / "f").read_text() == "untouched"
