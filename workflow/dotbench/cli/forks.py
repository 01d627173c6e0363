"""The process that forks the jobs of a run on this machine: what `dotbench.cli.job` asks.

Once, before any thread or GPU is in use, it imports the libraries, finds the components and makes the commands of the
jobs. For every job it then forks itself. It ends, and its forks with it, when the process that started it does.
"""

import gc
import importlib
import os
import selectors
import shutil
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from subprocess import Popen
from typing import TextIO, cast

from dotbench import paths
from dotbench.cli import job
from dotbench.cli.stage import command, run

PREFIX = "dotbench-"  # of the temporary folder
# what jobs import and call, in the order in which a run comes to need it; jobs are served between two of them
NEEDED = [
    *("numpy", "pandas", "pyarrow.parquet", "dotbench.cli.prepare", "dotbench.cli.split"),
    *("torch", "dotbench.cli.tune", "dotbench.cli.fit", "dotbench.models.base:models", "dotbench.losses.base:losses"),
    *("dotbench.solvers.base:solvers", "dotbench.evaluation.metrics.base:metrics", "threadpoolctl:threadpool_info"),
    *("dotbench.execution.hardware:versions", "dotbench.cli.evaluate", "pyarrow.pandas_compat", "encodings.cp437"),
    *("dotbench.cli.decompose", "scipy.sparse", "dotbench.cli.simulate"),
    *("scipy.stats", "dotbench.cli.table", "matplotlib.figure", "matplotlib.backends.backend_svg"),
    *("matplotlib.backends.backend_pdf", "dotbench.cli.figure", "dotbench.cli.compare", "dotbench.cli.site"),
]

_started: set[int] = set()  # the process that has started a server, which its forks are not


def start() -> None:
    """Start a server for the jobs of this process. Does nothing if there can be no server, or if it runs already.

    It listens on a socket in a temporary folder, which DOTBENCH_FORK names from now on. It reads a pipe whose other
    end only this process holds. So it ends when this process ends, however that happens.
    """
    if not hasattr(os, "pidfd_open") or is_mine():  # Linux alone
        return
    _remove_left()
    address = Path(tempfile.mkdtemp(prefix=PREFIX), "forks")
    alive, _ = os.pipe()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address.with_suffix(".new")))
        listener.listen(128)
        address.with_suffix(".new").rename(address)  # by this name it never refuses while it lives
        command = [sys.executable, "-m", __name__, str(listener.fileno()), str(address)]
        environment = os.environ | {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
        environment["PYTHONPATH"] = paths.python_path()
        Popen(command, stdin=alive, pass_fds=[listener.fileno()], env=environment)
    os.close(alive)
    os.environ["DOTBENCH_FORK"] = str(address)
    _started.add(os.getpid())


def is_mine() -> bool:
    """Whether this process has started a server."""
    return os.getpid() in _started


def _remove_left() -> None:
    """Remove the folders of servers that were killed: nobody listens there."""
    for address in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/forks"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(address))
            except ConnectionRefusedError:
                shutil.rmtree(address.parent, ignore_errors=True)
            except OSError:  # a busy one, or one of another user
                continue


def main(number: str, address: str) -> None:
    """Serve on the socket with that number until the standard input ends. Delete its address then."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its forks get it as well, and whoever started it decides
    with socket.socket(fileno=int(number)) as listener:
        server = Server(listener)
        try:
            for name in NEEDED:
                prepare(name)
                if not server.serve(wait=False):
                    break
            else:
                gc.freeze()  # what is there by now is never collected; forks keep sharing its memory
                while server.serve(wait=True):
                    pass
        finally:
            server.end()
            shutil.rmtree(Path(address).parent, ignore_errors=True)
    os._exit(0)  # the libraries would take a second to tidy up


def prepare(needed: str) -> None:
    """Import a module. If a function is named behind a colon, call it, for what it remembers. Of an entry point, make
    the command."""
    name, _, function = needed.partition(":")
    module = importlib.import_module(name)
    if function:
        getattr(module, function)()
    elif hasattr(module, "main"):
        command(module.main)


class Server:
    """The forks that are running: for each the connection of who asked and a descriptor of the process."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.forks: dict[int, tuple[int, socket.socket]] = {}  # process → descriptor, connection
        self.events = selectors.DefaultSelector()
        self.events.register(listener, selectors.EVENT_READ)
        self.events.register(sys.stdin, selectors.EVENT_READ)

    def serve(self, wait: bool) -> bool:
        """Handle what has happened, or what happens next. False when it is time to end."""
        for key, _ in self.events.select(None if wait else 0):
            if key.fileobj is sys.stdin:
                return False
            if key.fileobj is self.listener:
                self._take(self.listener.accept()[0])
            else:
                self._ended(key.data, asked=isinstance(key.fileobj, int))
        return True

    def _take(self, connection: socket.socket) -> None:
        length, streams, _, _ = socket.recv_fds(connection, 8, 3)
        whole, request = int.from_bytes(length, "big"), b""
        while len(request) < whole and (block := connection.recv(1 << 16)):
            request += block
        if len(length) < 8 or len(request) < whole:  # who asked is gone
            connection.close()
        else:
            self._fork(request, streams, connection)
        for stream in streams:
            os.close(stream)

    def _fork(self, request: bytes, streams: list[int], connection: socket.socket) -> None:
        where, folder, arguments, environment = job.read_request(request)
        if where != job.ENVIRONMENT:
            connection.sendall(job.DIRECT)
            connection.close()
        elif (process := os.fork()) == 0:
            self._close()
            _become(arguments, folder, environment, streams)
        else:
            descriptor = os.pidfd_open(process)
            self.forks[process] = descriptor, connection
            for source in (descriptor, connection):
                self.events.register(source, selectors.EVENT_READ, process)

    def _ended(self, process: int, asked: bool) -> None:
        """A fork has ended, or who asked for it is gone: the fork is ended, and its status sent."""
        if process not in self.forks:
            return  # both at once
        descriptor, connection = self.forks.pop(process)
        if not asked:
            os.kill(process, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        for source in (descriptor, connection):
            self.events.unregister(source)
        with suppress(OSError):  # nobody is left to be told
            connection.sendall(str(code if code >= 0 else 128 - code).encode())
        connection.close()
        os.close(descriptor)

    def _close(self) -> None:
        """Close what is the server's, in a fork."""
        self.events.close()
        self.listener.close()
        for descriptor, connection in self.forks.values():
            os.close(descriptor)
            connection.close()

    def end(self) -> None:
        """End every fork."""
        for process in list(self.forks):
            self._ended(process, asked=False)


def _become(arguments: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> None:
    """Be the job, and end."""
    code = 1
    try:
        os.environ.clear()
        os.environ.update(environment)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        sys.stdin, sys.stdout, sys.stderr = _opened(0, "r"), _opened(1, "w"), _opened(2, "w")
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(folder)
        _use_threads(int(environment.get("OMP_NUM_THREADS", 1)))
        sys.argv = arguments
        run(importlib.import_module(arguments[0]).main)
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _opened(number: int, mode: str) -> TextIO:
    """A standard stream as Python opens it at its start. The server's own remembers what kind of file it was."""
    encoding, _, errors = os.environ.get("PYTHONIOENCODING", "").partition(":")
    stream = os.fdopen(number, mode, encoding=encoding or None, errors=errors or None, closefd=False)
    if isinstance(stream, TextIOWrapper) and mode == "w":
        stream.reconfigure(line_buffering=stream.isatty() or number == 2)
    return cast(TextIO, stream)


def _use_threads(threads: int) -> None:
    """What the variables say to a library when it is loaded, for those that are loaded."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


if __name__ == "__main__":
    main(*sys.argv[1:])
