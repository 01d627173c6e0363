"""Joules from the counters of a machine, played by files."""

import sys
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from dotbench.cli import explain
from dotbench.datasets.interactions import Split
from dotbench.execution import energy
from dotbench.execution.energy import Energy
from dotbench.execution.hardware import Execution
from dotbench.interface.methods import choose_method
from dotbench.runs import fitting
from dotbench.runs.record import FitRecord

RANGE = 262_143_328_850  # microjoules, as processors have it


def zone(folder: Path, number: str, name: str, microjoules: int) -> Path:
    """A zone of the powercap interface, which lists every zone, subzones too, in one folder."""
    path = folder / f"intel-rapl:{number}"
    path.mkdir()
    (path / "name").write_text(f"{name}\n")
    (path / "max_energy_range_uj").write_text(f"{RANGE}\n")
    count(path, microjoules)
    return path


def count(zone: Path, microjoules: int) -> None:
    (zone / "energy_uj").write_text(f"{microjoules}\n")


def test_packages_and_memories_are_added_and_what_is_within_them_is_not(tmp_path: Path) -> None:
    names = {"0": "package-0", "0:0": "core", "0:1": "uncore", "0:2": "dram", "1": "package-1", "2": "psys"}
    zones = {number: zone(tmp_path, number, name, 5_000_000) for number, name in names.items()}
    with Energy(tmp_path) as used:
        for power, path in enumerate(zones.values()):
            count(path, 5_000_000 + 10**power * 1_000_000)  # 1, 10, …, 100,000 J
    assert used.joules == 1 + 1_000 + 10_000


def test_a_counter_that_starts_anew_loses_nothing(tmp_path: Path) -> None:
    package = zone(tmp_path, "0", "package-0", RANGE - 2_000_000)
    with Energy(tmp_path) as used:
        count(package, 3_000_000)
    assert used.joules == pytest.approx(5.0)


def test_long_blocks_are_read_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three ranges and a half."""
    package = zone(tmp_path, "0", "package-0", 0)
    with Energy(tmp_path) as used:
        for half in range(1, 8):
            count(package, half % 2 * RANGE // 2)
            used.add()
    assert used.joules == pytest.approx(3.5 * RANGE / 1e6)


def test_the_block_reads_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "OFTEN", 0.001)
    package = zone(tmp_path, "0", "package-0", 0)
    with Energy(tmp_path) as used:
        count(package, RANGE - 1_000_000)
        while used._microjoules == 0:
            pass
        count(package, 1_000_000)
    assert used.joules == pytest.approx(RANGE / 1e6 + 1.0)


@pytest.mark.parametrize("folder", ["absent", "empty", "closed"])
def test_a_machine_that_counts_nothing_reports_none(tmp_path: Path, folder: str) -> None:
    if folder != "absent":
        (tmp_path / folder).mkdir()
    if folder == "closed":  # as for those who may not read it
        (zone(tmp_path / folder, "0", "package-0", 1) / "energy_uj").unlink()
    with Energy(tmp_path / folder) as used:
        pass
    assert used.joules is None


class Driver(ModuleType):
    """The counter of one GPU, as nvidia-ml-py shows it. ``millijoules``: what it tells when it is asked."""

    NVMLError = type("NVMLError", (Exception,), {})

    def __init__(self, *millijoules: int) -> None:
        super().__init__("pynvml")
        self.millijoules = list(millijoules)

    def nvmlInit(self) -> None:
        pass

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:
        if uuid != "GPU-7e2a":
            raise self.NVMLError("not found")
        return "handle"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:
        if not self.millijoules:
            raise self.NVMLError("not supported")
        return self.millijoules.pop(0) if self.millijoules[1:] else self.millijoules[0]


@pytest.fixture
def of_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Joules of a block on a GPU with a driver, None for none."""

    def measure(driver: ModuleType | None, uuid: str = "7e2a", device: str = "cuda") -> float | None:
        cuda = SimpleNamespace(get_device_properties=lambda _: SimpleNamespace(uuid=uuid))
        monkeypatch.setattr(energy, "torch", SimpleNamespace(cuda=cuda))
        monkeypatch.setitem(sys.modules, "pynvml", driver)
        with Energy(tmp_path, device) as used:
            pass
        assert used.joules is None
        return used.gpu_joules

    return measure


def test_a_gpu_that_counts_is_asked_before_and_after(of_gpu) -> None:
    assert of_gpu(Driver(5_000, 6_000, 8_500)) == 2.5  # the first answer shows that it counts


@pytest.mark.parametrize(
    ("driver", "uuid", "device"),
    [
        (None, "7e2a", "cuda"),
        (Driver(), "7e2a", "cuda"),
        (Driver(1, 2, 3), "0000", "cuda"),
        (Driver(1, 2, 3), "7e2a", "cpu"),
    ],
    ids=["no package", "a GPU that does not count", "an unknown GPU", "a fit on the CPU"],
)
def test_where_no_gpu_counts_nothing_is_said_of_it(of_gpu, driver, uuid: str, device: str) -> None:
    assert of_gpu(driver, uuid, device) is None


def test_what_is_counted_is_told_and_what_is_not_as_well() -> None:
    assert explain._energy([1.5, 2.25]) == "3.75 J for all seeds, of the whole machine"
    assert explain._energy([None, 2000.0]) == "2000 J for 1 of 2 seeds, of the whole machine"
    assert explain._energy([None, None]) == "the machine reports none"
    assert explain._energy([1.5, 2.25], "GPU") == "3.75 J for all seeds, of the whole GPU"


def test_a_fit_records_joules_where_there_are_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no key elsewhere: records of such machines stay as they were."""
    pairs = np.array([[0, 0], [0, 1], [1, 1]])
    inputs = fitting.Inputs("d", Split(2, 3, pairs, pairs[:1], pairs[:1], ratings={}))
    method, execution = choose_method("popularity", None, None, {}), Execution("cpu", say=lambda _: None)
    for folder, joules in (("absent", None), ("there", 0.0)):
        if joules is not None:
            (tmp_path / folder).mkdir()
            zone(tmp_path / folder, "0", "package-0", 7)
        monkeypatch.setattr(fitting, "Energy", partial(Energy, tmp_path / folder))
        record = fitting.fit(method, method.settings, inputs, fitting.Seeds(0, 0), execution).record
        assert record.to_json().get("energy_joules") == joules
        assert ("energy_joules" in record.to_json()) == (joules is not None)
        assert FitRecord.from_json(record.to_json()) == record
        assert "gpu_energy_joules" not in record.to_json()
