"""Archives that describe themselves: a library reads them, they hold no data, and any change to them is found."""

import contextlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from archive_data import make_data, make_plan, make_runs
from rocrate.rocrate import ROCrate

from dotbench import __version__, paths
from dotbench.archive.crate import METADATA, SUMS, export_crate
from dotbench.archive.crate_checking import check_crate
from dotbench.archive.file import read_archive
from dotbench.archive.rows import is_fit
from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError
from dotbench.files import file_digest, write_json, write_text
from dotbench.reporting.kind import table_kinds
from dotbench.seals import seal

ARCHIVE = Path("results.zip")
TABLE = "ranking/tables/ranking.csv"
RAW = "somebody's own id"  # of a user: in files of data alone


pytestmark = pytest.mark.seconds


def make_results() -> Plan:
    """Finished runs with one of their tables, and data that must not travel."""
    plan = make_plan()
    make_data(plan)
    make_runs(plan)
    table = paths.RESULTS / "own" / TABLE
    files = [Path(f"{table.with_suffix('')}{ending}") for ending in table_kinds()["comparison"].files]
    for file in files:
        write_text(file, f"numbers of {file.name}\n")
    seal(table, [*files, paths.data("sim-tiny") / "stats.json"])
    facts = {"dataset": "sim-tiny", "licence": "free", "files": [{"path": "ratings.csv", "bytes": 3, "sha256": "a"}]}
    write_json(paths.manifest("sim-tiny"), facts)
    for file in (paths.data("sim-tiny") / "users.csv", Path("resources/sim-tiny/raw/ratings.csv")):
        write_text(file, f"row,id\n0,{RAW}\n")
    return plan


@pytest.fixture
def plan(workdir: Path) -> Plan:
    return make_results()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    with contextlib.chdir(tmp_path_factory.mktemp("results")):
        export_crate(make_results(), ARCHIVE)
        return ARCHIVE.read_bytes()


@pytest.fixture
def archive(made: bytes, workdir: Path) -> Path:
    """The archive alone, without the results that it was made from."""
    ARCHIVE.write_bytes(made)
    return ARCHIVE


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def write(path: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in contents.items():
            file.writestr(name, content)
    return path


def test_the_library_reads_what_is_in_it_and_where_it_comes_from(archive: Path) -> None:
    crate = ROCrate(archive)
    assert crate.metadata["conformsTo"] == "https://w3id.org/ro/crate/1.1"
    root = crate.root_dataset
    assert root["license"].id == "https://spdx.org/licenses/Apache-2.0"
    assert root["author"][0]["name"] == "The dotbench maintainers"
    assert {"name", "description", "datePublished"} <= root.properties().keys()
    files = {file.id: file for file in crate.data_entities}
    assert {*files} == members(archive).keys() - {METADATA, SUMS}
    assert files[TABLE]["name"] == table_kinds()["comparison"].title
    assert files[TABLE]["encodingFormat"] == "text/csv"
    for name, content in members(archive).items():
        if name in files:
            assert int(files[name]["contentSize"]) == len(content)
            Path("one").write_bytes(content)
            assert files[name]["sha256"] == file_digest("one")
    run = crate.get("#run")
    assert (run["instrument"].id, run["instrument"]["version"]) == ("#dotbench", __version__)
    assert files["datasets/sim-tiny/manifest.json"]["about"].id == "#sim-tiny"
    assert {"runs.parquet", TABLE} <= {file.id for file in run["result"]}


def test_settings_manifests_environment_and_runs_are_in_it_and_no_data(archive: Path) -> None:
    content = members(archive)
    inside = {"configuration.json", "environment.json", "runs.parquet", "datasets/sim-tiny/manifest.json"}
    inside |= {"datasets/sim-tiny/stats.json", "datasets/sim-tiny/split0/ranking/split.json"}
    assert inside <= content.keys()
    assert json.loads(content["configuration.json"])["name"] == "own"
    environment = json.loads(content["environment.json"])
    assert environment["exported"]["packages"].keys() >= {"numpy", "snakemake", "rocrate"}
    assert environment["exported"]["machine"]["cores"] >= 1
    assert {Path(name).name for name in content}.isdisjoint({"users.csv", "split.npz", "ratings.csv"})
    assert not any(RAW.encode() in text for text in content.values())


def test_the_runs_in_it_can_be_imported(archive: Path) -> None:
    Path("runs.parquet").write_bytes(members(archive)["runs.parquet"])
    rows = read_archive(Path("runs.parquet"))
    assert [is_fit(row) for row in rows].count(True) == 6


def test_equal_results_give_equal_bytes(plan: Plan) -> None:
    record = paths.fit("sim-tiny", plan.entries[0].folders[0], 0, 0) / "fit.json"
    facts = json.loads(record.read_text()) | {"provenance": {"finished": "2026-01-02T03:04:05+00:00"}}
    write_json(record, facts)
    export_crate(plan, Path("first.zip"))
    shutil.copytree(paths.RESULTS, "copy")
    shutil.rmtree(paths.RESULTS)
    shutil.move("copy", paths.RESULTS)  # other times, another order in the folders
    export_crate(plan, Path("second.zip"))
    assert Path("first.zip").read_bytes() == Path("second.zip").read_bytes()
    assert ROCrate("first.zip").root_dataset["datePublished"] == "2026-01-02T03:04:05+00:00"


def test_a_whole_archive_is_whole_packed_and_unpacked(archive: Path) -> None:
    assert check_crate(archive) == []
    shutil.unpack_archive(archive, "unpacked")
    assert check_crate(Path("unpacked")) == []
    with zipfile.ZipFile(archive) as file:
        assert {entry.external_attr >> 16 for entry in file.infolist()} == {0o644}


def test_every_changed_file_is_named(archive: Path) -> None:
    content = members(archive)
    for name in content.keys() - {SUMS}:
        changed = bytearray(content[name])
        changed[len(changed) // 2] ^= 1
        found = check_crate(write(Path("changed.zip"), content | {name: bytes(changed)}))
        assert f"{name}: damaged: its digest is not the one in {SUMS}" in found
        assert check_crate(write(Path("without.zip"), {k: v for k, v in content.items() if k != name})) == [
            f"{name}: missing"
        ]


def test_a_changed_digest_does_not_hide(archive: Path) -> None:
    """Whoever changes a table and its digest has to change two lists of digests, and the digest of one of them."""
    content = members(archive)
    table = b"better numbers\n"
    Path("table").write_bytes(table)
    Path("old").write_bytes(content[TABLE])
    sums = content[SUMS].replace(file_digest("old").encode(), file_digest("table").encode())
    found = check_crate(write(Path("forged.zip"), content | {TABLE: table, SUMS: sums}))
    assert found == [f"{TABLE}: {METADATA} and {SUMS} have different digests of it"]


def test_a_file_that_is_not_listed_is_named(archive: Path) -> None:
    content = members(archive)
    assert check_crate(write(Path("more.zip"), content | {"more.csv": b""})) == [f"more.csv: not listed in {SUMS}"]
    shutil.unpack_archive(archive, "unpacked")
    Path("unpacked/ranking/more.csv").touch()
    assert check_crate(Path("unpacked")) == [f"ranking/more.csv: not listed in {SUMS}"]


def test_a_byte_changed_on_the_disk_is_named(archive: Path) -> None:
    raw = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as file:
        entry = file.getinfo("environment.json")
    raw[entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2] ^= 1
    Path("damaged.zip").write_bytes(bytes(raw))
    assert any(line.startswith("environment.json: damaged") for line in check_crate(Path("damaged.zip")))


@pytest.mark.parametrize("share", [0, 0.5, 0.999])
def test_an_archive_that_was_cut_short_is_told(archive: Path, share: float) -> None:
    content = archive.read_bytes()
    Path("cut.zip").write_bytes(content[: int(share * len(content))])
    with pytest.raises(DotbenchError, match=r"cut\.zip: no zip archive, or one that was cut short"):
        check_crate(Path("cut.zip"))


def test_what_is_no_archive_is_told(archive: Path) -> None:
    with pytest.raises(DotbenchError, match=r"absent\.zip: cannot be read: No such file"):
        check_crate(Path("absent.zip"))
    write(Path("other.zip"), {"a": b"b"})
    for other in (Path("other.zip"), Path()):
        with pytest.raises(DotbenchError, match="is missing or damaged; needed is a file that"):
            check_crate(other)


def test_a_damaged_table_does_not_travel(plan: Plan) -> None:
    write_text(paths.RESULTS / "own" / TABLE, "other numbers\n")
    with pytest.raises(DotbenchError, match=r"ranking\.csv: is not as it was .*`dotbench run` makes it again"):
        export_crate(plan, ARCHIVE)
    assert not ARCHIVE.exists()


def test_a_table_of_other_records_does_not_travel(plan: Plan) -> None:
    write_text(paths.data("sim-tiny") / "stats.json", (paths.data("sim-tiny") / "stats.json").read_text() + " ")
    with pytest.raises(DotbenchError, match=r"stats\.json: is not as it was when ranking\.csv was written"):
        export_crate(plan, ARCHIVE)


def test_targets_that_are_not_there_are_named(plan: Plan) -> None:
    names, missing = export_crate(plan, ARCHIVE)
    assert TABLE in names
    assert "results/own/rating/tables/rating.csv" in missing
    shutil.rmtree(paths.RESULTS / "own")
    with pytest.raises(
        DotbenchError, match=r"ranking\.csv: is not there yet; nothing of this configuration is finished"
    ):
        export_crate(plan, Path("none.zip"))
