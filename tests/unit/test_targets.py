"""What is named behind `dotbench run` is checked before Snakemake starts; a failure says its reason and remedy."""

import functools
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dotbench.cli import main as command
from dotbench.cli import snakemake_plan, targets, workflow
from dotbench.cli.traces import no_traces
from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError

OWN = """
name: own
datasets: [sim-tiny]
seeds: [0]
studies:
  - study: ranking
    methods:
      - {model: popularity, label: "POP [k=10] [/x]"}
"""


@pytest.fixture
def config(workdir: Path) -> Path:
    path = workdir / "own.yaml"
    path.write_text(OWN)
    return path


@pytest.fixture
def plan(config: Path) -> Plan:
    return workflow.load_plan([config])


@pytest.fixture
def no_snakemake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Snakemake must not be asked."""
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("Snakemake was started"))


GOOD = [
    "all",
    "ranking",
    "ranking_ranking",
    "results/own/ranking/tables/ranking.md",
    "results/own/ranking/figures/convergence.svg",
    "results/own/index.html",
    "results/data/sim-tiny/stats.json",
    "resources/ml-100k/manifest.json",
]
WRONG = {
    "ranking_rankin": "unknown target 'ranking_rankin': did you mean 'ranking_ranking'?",
    "rankin": "unknown target 'rankin': did you mean 'ranking'?",
    "zzz": "unknown target 'zzz': `dotbench list targets`",
    "x/y.md": "unknown target 'x/y.md': `dotbench list targets`",
    "config/movielens.yaml": "'config/movielens.yaml' is no target; a configuration is named with -c: -c config/movi",
    "own.yml": "'own.yml' is no target; a configuration is named with -c: -c own.yml",
    "rg2_table2": "'rg2_table2' cannot be made: the configuration 'own' has no study 'rg2'; name one that has it with",
    "rating": "'rating' cannot be made: the configuration 'own' has no study 'rating'; name one that has it with -c",
    "results/own/ranking/tables/rankin.md": "unknown target 'results/own/ranking/tables/rankin.md': did you mean 'resu",
    "results/data/sim-tin/stats.json": "unknown dataset 'sim-tin': did you mean 'sim-tiny'?",
    "resources/sim-tin/manifest.json": "unknown dataset 'sim-tin': did you mean 'sim-tiny'?",
}


@pytest.mark.parametrize("target", GOOD)
def test_what_can_be_made_passes(plan: Plan, target: str) -> None:
    targets.check(plan, [target])


@pytest.mark.parametrize(("target", "message"), WRONG.items())
@pytest.mark.parametrize("name", ["run", "plan"])
def test_what_cannot_be_made_is_told_before_snakemake_starts(
    no_snakemake, config, monkeypatch, capsys, name: str, target: str, message: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["dotbench", name, "ranking", target, "-c", "own.yaml"])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert str(end.value.code).startswith(f"error: {message}")


def test_a_table_that_the_methods_are_not_for_is_told(workdir: Path) -> None:
    with pytest.raises(
        DotbenchError, match="'table2' of the study 't2rec' cannot be made: the configuration 'default'"
    ):
        targets.check(workflow.load_plan(None), ["t2rec_table2"])


def test_every_listed_target_can_be_named_and_every_named_one_that_has_files_is_listed(plan: Plan) -> None:
    for one in (plan, workflow.load_plan(None)):
        names = [row[0] for row in targets.listed(one)[1]]
        targets.check(one, names)
        assert sorted(names) == sorted(["all", *(name for name, files in one.named_targets().items() if files)])


def test_the_list_of_targets_is_that_of_the_configuration(config, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["dotbench", "list", "targets", "-c", "own.yaml"])
    with pytest.raises(SystemExit):
        command.main()
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["name", "all", "ranking", "ranking_ranking", "ranking_convergence"]


def test_status_shows_a_label_with_brackets(config, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["dotbench", "status", "-c", "own.yaml"])
    with pytest.raises(SystemExit):
        command.main()
    assert "POP [k=10] [/x]" in capsys.readouterr().out


# failures


def test_the_remedy_repeats_targets_configurations_and_options() -> None:
    files = [Path("config/a.yaml"), Path("my runs/b.yaml")]
    words = shlex.split(workflow.again(["ranking"], files, ["--cores=1", "--config device=cpu"]))
    assert words[:2] == ["dotbench", "run"]
    seen = {}

    def run(*given: object) -> int:
        seen["given"] = given
        return 0

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(workflow, "run", run)
        patched.setattr("dotbench.reporting.index.write_index", lambda: None)
        patched.setattr(sys, "argv", words)
        with pytest.raises(SystemExit):
            command.main()
    assert seen["given"] == (["ranking"], files, True, ["--cores=1", "--config device=cpu"], False)


@pytest.mark.parametrize("name", ["run", "plan"])
def test_a_folder_that_cannot_be_written_is_told(no_snakemake, monkeypatch, name: str) -> None:
    monkeypatch.chdir("/sys")  # read-only for everybody
    monkeypatch.setattr(sys, "argv", ["dotbench", name])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert str(end.value.code).startswith("error: /sys: cannot be written: ")
    assert "\n" not in str(end.value.code)


@pytest.mark.parametrize("name", [".snakemake", "results"])
def test_a_file_in_the_place_of_a_folder_is_told(no_snakemake, workdir: Path, monkeypatch, name: str) -> None:
    (workdir / name).touch()
    monkeypatch.setattr(sys, "argv", ["dotbench", "plan"])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert str(end.value.code).startswith(f"error: {workdir / name}: cannot be written: Not a directory")


@pytest.mark.parametrize("name", ["run", "plan", "status", "compare"])
def test_an_absent_configuration_is_told(no_snakemake, workdir, monkeypatch, name: str) -> None:
    monkeypatch.setattr(sys, "argv", ["dotbench", name, "-c", "absent.yaml"])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == "error: absent.yaml: cannot be read: No such file or directory"


def test_a_plan_that_fails_says_why(workdir, monkeypatch) -> None:
    noise = "Using workflow specific profile p for setting default command line arguments.\nBuilding DAG of jobs...\n"
    words = f"{noise}MissingRuleException:\nNo rule to produce x\n"
    monkeypatch.setattr(snakemake_plan, "_ask", functools.partial(_answer, (None, words)))
    with pytest.raises(DotbenchError) as caught:
        snakemake_plan.planned_jobs(["x"], None)()
    assert str(caught.value) == "MissingRuleException:\nNo rule to produce x"


def _answer(answer, *_):
    return answer


WRITTEN = [".snakemake/metadata/x", ".snakemake/iocache/latest.pkl", "results/code/fit-1.digest"]  # by a dry run


@pytest.mark.parametrize("before", [(), ("results/runs/fit.json",), (".snakemake/metadata/y",), ("own.yaml",)])
def test_a_dry_run_leaves_nothing_where_nothing_was(workdir: Path, before: tuple[str, ...]) -> None:
    for file in before:
        touch(workdir / file)
    with no_traces():
        for file in WRITTEN:
            touch(workdir / file)
    left = {str(path.relative_to(workdir)) for path in workdir.rglob("*") if path.is_file()}
    assert left == {*before, *(file for file in WRITTEN if before == (".snakemake/metadata/y",) and file[1] == "s")}
    assert (workdir / "results").exists() == ("results/runs/fit.json" in before)


@pytest.mark.parametrize("sign", [".snakemake/dotbench.lock", ".snakemake/locks/0.input.lock"])
def test_what_a_run_beside_a_dry_run_writes_stays(workdir: Path, sign: str) -> None:
    with no_traces():
        for file in (*WRITTEN, sign):
            touch(workdir / file)
    assert all((workdir / file).is_file() for file in WRITTEN)


def touch(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


@pytest.mark.slow
@pytest.mark.seconds
def test_a_plan_without_its_own_file_says_so(define, workdir: Path) -> None:
    """By Snakemake itself, whose words come on the other stream."""
    define("mine", source={"file": "absent.csv"}, format={"columns": {"user": 0, "item": 1}})
    (workdir / "own.yaml").write_text(OWN.replace("sim-tiny", "mine"))
    code = "from dotbench.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "plan", "-c", "own.yaml"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "absent.csv" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: MissingInputException in rule fetch")
    assert not (workdir / ".snakemake").exists()
    assert not (workdir / "results").exists()


def test_a_profile_is_one_of_the_project_or_a_folder(workdir) -> None:
    from dotbench.cli.snakemake import profile
    from dotbench.paths import PROJECT

    assert profile(None) == []
    assert profile("slurm") == ["--workflow-profile", str(PROJECT / "profiles/slurm")]
    own = workdir / "mine"
    own.mkdir()
    with pytest.raises(DotbenchError, match="--on mine: no profile; allowed are default, slurm, or a folder"):
        profile("mine")
    (own / "profile.yaml").write_text("cores: 1\n")
    assert profile("mine") == ["--workflow-profile", "mine"]
