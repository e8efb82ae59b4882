"""Git worktrees."""

from hypothesis import strategies as st
from tests.support.strategies.lanes import ABSOLUTE_PATHS, PATH_PARTS

from lanekit.core.domain.git_mounts import GitFacts


@st.composite
def git_facts(draw: st.DrawFn) -> GitFacts:
    """Linked worktrees, by absolute path (also through a link on the host) or relative."""
    base, own = draw(ABSOLUTE_PATHS), draw(PATH_PARTS)
    common = f"/repos{base}/{draw(st.sampled_from(['.git', 'bare.git']))}"
    ups = "../" * draw(st.integers(1, 3))
    written = draw(st.sampled_from([common, f"/by-a-link{base}", f"{ups}repo/.git"]))
    return GitFacts(False, f"/wt{base}/.git", f"{written}/worktrees/{own}", common, own)
