"""The energy that processor, memory and GPU use, where the machine counts it."""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from dotbench.lazy import torch

COUNTERS = Path("/sys/class/powercap")  # RAPL, Linux: Documentation/power/powercap/powercap.rst
COUNTED = ("package", "dram")  # zones that do not contain each other; "core" is within a package, "psys" is all of it
OFTEN = 30.0  # seconds: a counter of 2¹⁸ J, the usual range, starts again after ten minutes at 400 W


class Energy:
    """Joules in a block: Σ over packages and memories of (end − start) of their counters, starts anew included.

    They count the whole machine, whatever runs on it. ``joules`` is None where there is no counter that can be read:
    many virtual machines have none, and most systems let root alone read them. ``gpu_joules``: of the whole GPU that
    the block computes on, if ``device`` is cuda. None without a GPU, without the package nvidia-ml-py, and for a GPU
    that does not count.
    """

    def __init__(self, counters: Path = COUNTERS, device: str = "cpu") -> None:
        zones = sorted(counters.glob("intel-rapl:*"))  # of AMD's processors too
        self._zones = [zone for zone in zones if (_text(zone / "name") or "").startswith(COUNTED)]
        self._microjoules = 0
        self._gpu = _gpu_counter(device)
        self._ended = Event()

    def __enter__(self) -> "Energy":
        self._last = self._read()
        self._watch = Thread(target=self._keep_up, daemon=True) if self._last else None
        if self._watch:
            self._watch.start()
        self._gpu_before = self._gpu() if self._gpu else 0
        return self

    def __exit__(self, *_: object) -> None:
        self.gpu_joules = (self._gpu() - self._gpu_before) / 1e3 if self._gpu else None
        self._ended.set()
        if self._watch:
            self._watch.join()
        self.add()
        self.joules = self._microjoules / 1e6 if self._last else None

    def add(self) -> None:
        """Add what the counters have counted since the last call. Call it at least once in a range of the counters."""
        now = self._read()
        for zone in self._last.keys() & now.keys():
            counted = now[zone] - self._last[zone]
            self._microjoules += counted if counted >= 0 else counted + int(_text(zone / "max_energy_range_uj") or 0)
        self._last |= now  # a counter that could not be read this time is read the next time

    def _keep_up(self) -> None:
        while not self._ended.wait(OFTEN):
            self.add()

    def _read(self) -> dict[Path, int]:
        found = {zone: _text(zone / "energy_uj") for zone in self._zones}
        return {zone: int(value) for zone, value in found.items() if value}


def _gpu_counter(device: str) -> Callable[[], int] | None:
    """What tells the millijoules that the GPU has used since its driver was loaded."""
    if device != "cuda":
        return None
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except pynvml.NVMLError:
        return None
    return lambda: int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle))


def _text(file: Path) -> str | None:
    try:
        return file.read_text("ascii").strip()
    except OSError:
        return None
