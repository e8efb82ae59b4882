"""The profiles of Hypothesis: `--hypothesis-profile=NAME` chooses one, `dev` is the default.

A test's own @settings go before the profile's.
"""

from hypothesis import Phase, settings

_MANY_EXAMPLES = 20_000


def register_profiles() -> None:
    """Register them. conftest.py calls this before any test module is imported."""
    # None has a deadline: how long an example takes says more of what else the machine does.
    settings.register_profile("dev", deadline=None)
    # What fails there must fail here too: always the same examples, and how to repeat them.
    settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
    settings.register_profile("nightly", deadline=None, max_examples=2_000, print_blob=True)
    # For scripts/mutants, which runs a test thousands of times.
    settings.register_profile(
        "mutants",
        deadline=None,
        derandomize=True,
        max_examples=20,
        phases=(Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
    )
    settings.load_profile("dev")


def many_examples() -> settings:
    """Return the settings of a law about podman's answers: 100 examples, 20,000 by night."""
    nightly = settings.get_current_profile_name() == "nightly"
    return settings(max_examples=_MANY_EXAMPLES if nightly else 100)
