"""The help pages, whole: rewording one is `pytest --inline-snapshot=fix` on this file."""

from inline_snapshot import snapshot
from typer.testing import CliRunner

from lanekit.cli.app import COMMANDS, app


def _help(*command: str) -> str:
    """Return a help page without the options that every command has."""
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "100", "TERM": "dumb"})
    assert result.exit_code == 0
    return result.stdout.partition("  -f, --file FILE")[0]


def test_help_describes_lanekit_and_lists_the_commands() -> None:
    result = CliRunner().invoke(app, ["-h"], env={"COLUMNS": "100", "TERM": "dumb"})
    assert result.stdout == snapshot("""\
Usage: lanekit [OPTIONS] COMMAND [ARGS]...

  Declaratively manage one podman container per coding-agent worktree.

  A lane is a git worktree and the container in which an agent works on it. The
  fleet file, lanes.toml, lists the lanes. To begin: run `lanekit init` in a git
  repository, fill in the file, look at `lanekit plan`, then run `lanekit
  ensure`.

  Exit codes:
    0         done
    1         a lane failed
    2         wrong usage, or the fleet file is not valid
    3         there are changes to make (plan and drift with --exit-code)
    130, 143  interrupted by Ctrl-C, by SIGTERM

Options:
  --version                       show the version and exit
  -f, --file FILE                 the fleet file; default: the nearest
                                  lanes.toml, here or in a folder above
  --engine <auto|cli|socket|memory>
                                  how to reach podman. auto: its socket if that
                                  answers, otherwise its command; memory: a
                                  simulated engine, for trying lanekit without
                                  podman  [env var: LANEKIT_ENGINE]
  --json                          print one JSON object per lane
  --timeout SECONDS               how long a worker may take to answer; default:
                                  the profile's ready_timeout
  -v, --verbose                   print each operation on stderr
  --install-completion            Install completion for the current shell.
  --show-completion               Show completion for the current shell, to copy
                                  it or customize the installation.
  -h, --help                      Show this message and exit.

Commands:
  init         Write a fleet file (lanes.toml) for this git repository.
  ensure       Create, start, update or replace containers to match the file.
  plan         Show what ensure would do, and why.
  status       Show state, endpoint, readiness and drift of lanes.
  watch        Reconcile lanes, and keep reconciling until stopped.
  stop         Stop lanes' containers.
  rm           Remove lanes' containers.
  gc           List or remove containers that belong to no lane any more.
  endpoint     Print the URL of a lane's worker.
  logs         Print the last lines that a lane's worker wrote.
  exec         Run a command in a lane.
  shell        Open a shell in a lane.
  doctor       Check whether lanes can run here, and say what to do if not.
  drift        Compare a saved podman inspect with the fleet file.
  show         Print the podman create command of a lane.
  fingerprint  Print the fingerprint of a config folder.
""")


def test_help_of_each_command_says_what_it_does() -> None:
    pages = {name: _help(name) for name in COMMANDS}
    assert pages == snapshot(
        {
            "init": """\
Usage: lanekit init [OPTIONS]

  Write a fleet file (lanes.toml) for this git repository.

  It has one lane for each linked worktree (`git worktree add`). It goes to the
  top of the main worktree, or to --file.

Options:
  --force                         replace a file that exists; it is kept as
                                  FILE.bak
""",
            "ensure": """\
Usage: lanekit ensure [OPTIONS] [LANE]...

  Create, start, update or replace containers to match the file.

  Prints one line per lane: what was done, the worker's URL, the seconds, the
  reason. It can be called at any time, by several processes, and after a crash.
  If a new worker does not answer, the old container runs again.

Arguments:
  [LANE]...  lanes, as WORKSPACE/ID; default: all lanes of the file

Options:
  --policy <strict|reference>     what counts as drift. strict: every setting of
                                  the container; reference: only what lanekit's
                                  predecessor, a Go program, compared  [default:
                                  strict]
  --restart-unready               restart a container once if its worker does
                                  not answer in time
  --jobs N                        how many lanes to work on at once  [default:
                                  4; 1<=x<=64]
""",
            "plan": """\
Usage: lanekit plan [OPTIONS] [LANE]...

  Show what ensure would do, and why.

  Changes nothing. Shows each difference and the least disruptive fix for it,
  each operation and its reason and, when a container would be replaced, how
  many files in its writable layer would be lost (--verbose lists them).

Arguments:
  [LANE]...  lanes, as WORKSPACE/ID; default: all lanes of the file

Options:
  --policy <strict|reference>     what counts as drift. strict: every setting of
                                  the container; reference: only what lanekit's
                                  predecessor, a Go program, compared  [default:
                                  strict]
  --exit-code                     exit with 3 if there are changes to make
""",
            "status": """\
Usage: lanekit status [OPTIONS] [LANE]...

  Show state, endpoint, readiness and drift of lanes.

  Changes nothing. READY says whether the worker answers now. DRIFT names
  settings in which the container differs from the fleet file; `lanekit plan`
  shows the details.

Arguments:
  [LANE]...  lanes, as WORKSPACE/ID; default: all lanes of the file

Options:
  --policy <strict|reference>     what counts as drift. strict: every setting of
                                  the container; reference: only what lanekit's
                                  predecessor, a Go program, compared  [default:
                                  strict]
  -w, --watch                     keep the table up to date until Ctrl-C; in a
                                  pipe, print one line per change
  --every SECONDS                 how often --watch looks  [default: 2.0]
""",
            "watch": """\
Usage: lanekit watch [OPTIONS] [LANE]...

  Reconcile lanes, and keep reconciling until stopped.

  Prints one line for each thing that it does or that fails. It reads the fleet
  file again when that changes; a lane that leaves the file keeps running.
  Ctrl-C or SIGTERM stops it; the lanes keep running.

Arguments:
  [LANE]...  lanes, as WORKSPACE/ID; default: all lanes of the file

Options:
  --policy <strict|reference>     what counts as drift. strict: every setting of
                                  the container; reference: only what lanekit's
                                  predecessor, a Go program, compared  [default:
                                  strict]
  --restart-unready               restart a container once if its worker does
                                  not answer in time
  --resync SECONDS                how often all lanes are checked, also without
                                  an event from podman  [default: 10.0]
  --jobs N                        how many lanes to work on at once  [default:
                                  4; 1<=x<=64]
""",
            "stop": """\
Usage: lanekit stop [OPTIONS] [LANE]...

  Stop lanes' containers.

  A container that does not run, or does not exist, is not an error.

Arguments:
  [LANE]...  lanes, as WORKSPACE/ID; default: all lanes of the file

Options:
""",
            "rm": """\
Usage: lanekit rm [OPTIONS] [LANE]...

  Remove lanes' containers.

  Removes their anonymous volumes too, and what an interrupted ensure left.
  Worktrees are never touched. A container that does not exist is not an error.

Arguments:
  [LANE]...  lanes, as WORKSPACE/ID; default: all lanes of the file

Options:
  -y, --yes                       do not ask; it asks on a terminal when no LANE
                                  is given
""",
            "gc": """\
Usage: lanekit gc [OPTIONS]

  List or remove containers that belong to no lane any more.

  They are containers of this fleet whose lane is no longer in the file, and
  what interrupted replacements left. On a terminal it asks before it removes
  them; elsewhere --yes removes them. Containers of other fleets are never
  touched.

Options:
  -y, --yes                       remove them without asking
  --running                       include running containers
""",
            "endpoint": """\
Usage: lanekit endpoint [OPTIONS] {LANE}

  Print the URL of a lane's worker.

  Prints nothing else, and does not ask the worker. A container that does not
  run is an error.

Arguments:
  LANE  a lane, as WORKSPACE/ID  [required]

Options:
""",
            "logs": """\
Usage: lanekit logs [OPTIONS] {LANE}

  Print the last lines that a lane's worker wrote.

  Values from the fleet file's env are redacted.

Arguments:
  LANE  a lane, as WORKSPACE/ID  [required]

Options:
  --tail N                        how many lines  [default: 100; x>=1]
""",
            "exec": """\
Usage: lanekit exec [OPTIONS] {LANE} [-- CMD [ARG]...]

  Run a command in a lane.

  Put lanekit options before LANE and the command after `--`. The command gets a
  terminal if stdin and stdout are terminals. The exit code is the command's, or
  125 if it could not be run.

Arguments:
  LANE             a lane, as WORKSPACE/ID  [required]
  -- CMD [ARG]...  the command and its arguments

Options:
""",
            "shell": """\
Usage: lanekit shell [OPTIONS] {LANE}

  Open a shell in a lane.

  It is bash, or sh if the image has no bash, in the worker's folder.

Arguments:
  LANE  a lane, as WORKSPACE/ID  [required]

Options:
""",
            "doctor": """\
Usage: lanekit doctor [OPTIONS] [LANE]...

  Check whether lanes can run here, and say what to do if not.

  Works without a fleet file too. Starts one container of its own and removes
  it; changes no file. The exit code is 1 when a check fails.

Arguments:
  [LANE]...  lanes, as WORKSPACE/ID; default: all lanes of the file

Options:
""",
            "drift": """\
Usage: lanekit drift [OPTIONS] {LANE}

  Compare a saved podman inspect with the fleet file.

  Podman is not needed. If FILE has several containers, the one with the lane's
  container name is compared.

Arguments:
  LANE  a lane, as WORKSPACE/ID  [required]

Options:
  --inspect FILE                  saved output of `podman container inspect`; -
                                  reads stdin  [required]
  --policy <strict|reference>     what counts as drift. strict: every setting of
                                  the container; reference: only what lanekit's
                                  predecessor, a Go program, compared  [default:
                                  strict]
  --exit-code                     exit with 3 if there are changes to make
""",
            "show": """\
Usage: lanekit show [OPTIONS] {LANE}

  Print the podman create command of a lane.

  It is exact, and quoted for a shell. Values from the fleet file's env are left
  out.

Arguments:
  LANE  a lane, as WORKSPACE/ID  [required]

Options:
""",
            "fingerprint": """\
Usage: lanekit fingerprint [OPTIONS] {DIR}

  Print the fingerprint of a config folder.

  It is what a lane finds in its variable INBOX_RUNTIME_CODEX_SHA. --json adds
  the digest that lanekit compares.

Arguments:
  DIR  the config folder  [required]

Options:
  --credentials NAME              an entry to leave out, as in the profile; can
                                  be repeated
""",
        }
    )


def test_unknown_command_is_answered_with_the_nearest() -> None:
    result = CliRunner().invoke(app, ["ensur"])
    assert result.exit_code == 2
    assert "Did you mean 'ensure'?" in result.stderr
