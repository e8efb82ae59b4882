"""The demo without podman, and how lanekit is embedded: everything goes through `Lanes`.

The in-memory engine plays podman inside this one process. No container is started and nothing
listens on the endpoints; what lanekit looks at, decides and does is the same.
"""

import shutil
import tempfile
from pathlib import Path

from returns.result import Failure, Success

from lanekit import Lane, Lanes, Profile, or_raise
from lanekit.engines import InMemory

IMAGE = "localhost/lanekit-demo:local"


def say(text: str) -> None:
    """To stdout, at once."""
    print(text, flush=True)


def ensure(lanes: Lanes, fleet: list[Lane]) -> None:
    """Make all lanes so and tell what was done."""
    for lane in fleet:
        match lanes.ensure(lane):
            case Success(done):
                why = ", ".join(difference.field for difference in done.drift)
                because = f"  because of {why}" if why else ""
                say(f"{done.lane}  {done.action}  {done.endpoint.url}{because}")
            case Failure(error):
                raise SystemExit(str(error))


def demo(folder: Path) -> None:
    """The steps of demo.sh."""
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

    say("\n== Two lanes are made: container, config, start, first answer")
    ensure(lanes, fleet)
    say("\n== Once more: everything is as asked, so nothing is done")
    ensure(lanes, fleet)
    say("\n== The worker of lane a is asked on its endpoint")
    endpoint = or_raise(lanes.endpoint(fleet[0]))
    say(f"{endpoint.url} {'answers' if engine.answers(endpoint, '/', 1.0) else 'is silent'}")
    say("\n== The agents' config changes. What would ensure do now, and why?")
    _ = (folder / "agent/.codex/config.toml").write_text('model = "demo-2"\n')
    for lane in fleet:
        say(str(or_raise(lanes.plan(lane))))
    say("\n== Made so: the lanes are replaced; the old containers go when the new ones answer")
    ensure(lanes, fleet)
    say("\n== How things stand")
    for lane in fleet:
        status = or_raise(lanes.status(lane))
        say(f"{status.lane}  {status.state}  {'ready' if status.ready else 'not ready'}")
    say("\n== The end: everything is removed")
    for lane in fleet:
        say(f"{lane.name}  {or_raise(lanes.remove(lane))}")


def main() -> None:
    """Run the demo in a copy of this folder."""
    say("No podman: the same steps on lanekit's in-memory engine. It plays podman inside this one")
    say("process: no container is started, and nothing listens on the endpoints it names.")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "examples"
        _ = shutil.copytree(Path(__file__).parent, copy)
        demo(copy)


if __name__ == "__main__":
    main()
