"""The progress bar of a download, in the form that pooch asks for."""

import rich.progress as rp


class DownloadBar:
    """Bytes, rate and remaining time of one file on standard output, where that is a terminal."""

    def __init__(self, name: str) -> None:
        self._bar = rp.Progress(
            rp.TextColumn("{task.description}"),
            rp.BarColumn(),
            rp.DownloadColumn(),
            rp.TransferSpeedColumn(),
            rp.TimeRemainingColumn(),
        )
        self._task = self._bar.add_task(name, total=None)
        self._total: int = 0

    def __enter__(self) -> "DownloadBar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    @property
    def total(self) -> int:
        return self._total

    @total.setter
    def total(self, value: int) -> None:
        self._total = value
        self._bar.update(self._task, total=value)

    def update(self, n: int) -> None:
        self._bar.advance(self._task, n)

    def reset(self) -> None:
        self._bar.reset(self._task, total=self._total)

    def close(self) -> None:
        """pooch calls this at the end of a file."""
