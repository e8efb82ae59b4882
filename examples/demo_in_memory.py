"""The demo without podman, and an example of embedding lanekit: everything goes through `Lanes`.

The in-memory engine simulates podman in this process. No container is started, and nothing listens
on the endpoints. What lanekit observes, decides and does is the same.
"""

import shutil
import tempfile
from pathlib import Path

from returns.result import Failure, Success

from lanekit import Lane, Lanes, Profile, or_raise
from lanekit.engines import InMemory

IMAGE = "localhost/lanekit-demo:local"


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def ensure(lanes: Lanes, fleet: list[Lane]) -> None:
    """Ensure all lanes and print what was done."""
    for lane in fleet:
        match lanes.ensure(lane):
            case Success(done):
                why = ", ".join(difference.field for difference in done.drift)
                because = f"  because {why}" if why else ""
                say(f"{done.lane}  {done.action}  {done.endpoint.url}{because}")
            case Failure(error):
                raise SystemExit(str(error))


def demo(folder: Path) -> None:
    """Run the steps of demo.sh."""
    profile = Profile(
        worker=str(folder / "bin/lane-worker"),
        inbox=str(folder / "bin/inbox"),
        image=IMAGE,
        config_dir=str(folder / "agent/.codex"),
    )
    fleet = [Lane("demo", name, str(folder / "worktrees" / name)) for name in ("a", "b")]
    for lane in fleet:
        Path(lane.worktree).mkdir(parents=True)
    engine = InMemory([IMAGE])
    lanes = Lanes(engine, profile)

    say("\n== Create two lanes: container, config, start, first answer")
    ensure(lanes, fleet)
    say("\n== Run it again: the lanes match, so nothing is done")
    ensure(lanes, fleet)
    say("\n== Ask the worker of lane a at its endpoint")
    endpoint = or_raise(lanes.endpoint(fleet[0]))
    say(f"{endpoint.url} {'answers' if engine.answers(endpoint, '/', 1.0) else 'does not answer'}")
    say("\n== Change the agents' config. What would ensure do now, and why?")
    _ = (folder / "agent/.codex/config.toml").write_text('model = "demo-2"\n')
    for lane in fleet:
        say(str(or_raise(lanes.plan(lane))))
    say("\n== Replace the lanes; each old container is removed when the new one answers")
    ensure(lanes, fleet)
    say("\n== Show the status")
    for lane in fleet:
        status = or_raise(lanes.status(lane))
        say(f"{status.lane}  {status.state}  {'ready' if status.ready else 'not ready'}")
    say("\n== Remove everything")
    for lane in fleet:
        say(f"{lane.name}  {or_raise(lanes.remove(lane))}")


def main() -> None:
    """Run the demo in a copy of this folder."""
    say("No podman here: these are the same steps with lanekit's in-memory engine, which simulates")
    say("podman: no container is started, and nothing listens on the endpoints that it prints.")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "examples"
        _ = shutil.copytree(Path(__file__).parent, copy)
        demo(copy)


if __name__ == "__main__":
    main()
