"""A job of the workflow, in a fork of a process that has imported the libraries.

    python -m dotbench.cli.job dotbench.cli.fit --method …

Most of the job of a small fit is start-up: five CPU seconds for .02 s of training. If `dotbench.cli.forks` serves, its
socket is named by the variable DOTBENCH_FORK. It then runs the module in a fork of itself, with the arguments, folder,
environment and standard streams of this process. This process ends as the fork does. Elsewhere, such as in a job of a
cluster, this process becomes ``python -m`` of the module.

Every job begins with this process. So it imports next to nothing: `socket` and `json` would double its time.
"""

import os
import sys
from _collections_abc import Mapping
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_STREAM, SOL_SOCKET, socket

DIRECT = b"direct"  # the answer to a process of another environment
ENVIRONMENT = os.path.realpath(os.path.dirname(sys.executable))


def ask(arguments: list[str], variables: Mapping[str, str], streams: tuple[int, int, int]) -> socket | None:
    """A connection to the server, which is asked for a fork with these standard streams. None without a server."""
    connection = socket(AF_UNIX, SOCK_STREAM)
    try:
        connection.connect(variables["DOTBENCH_FORK"])
    except (OSError, KeyError):
        connection.close()
        return None
    request = request_of(arguments, variables)
    numbers = b"".join(number.to_bytes(4, sys.byteorder) for number in streams)
    connection.sendmsg([len(request).to_bytes(8, "big")], [(SOL_SOCKET, SCM_RIGHTS, numbers)])
    connection.sendall(request)
    return connection


def answer(connection: socket) -> int | None:
    """The exit status of the fork. None if the server has another environment of Python.

    A server that goes away takes its forks along: the status is then 137, that of a process that was killed.
    """
    told = connection.recv(16)
    return None if told == DIRECT else int(told or b"137")


def request_of(arguments: list[str], variables: Mapping[str, str]) -> bytes:
    """What a job is, in parts that end in a zero byte, which none of them can hold: the environment of Python, folder,
    number of arguments, arguments, variables."""
    named = [f"{name}={value}" for name, value in variables.items()]
    parts = [ENVIRONMENT, os.getcwd(), str(len(arguments)), *arguments, *named]
    return b"".join(os.fsencode(part) + b"\0" for part in parts)


def read_request(request: bytes) -> tuple[str, str, list[str], dict[str, str]]:
    """The inverse of `request_of`: environment of Python, folder, arguments, variables."""
    where, folder, count, *rest = (os.fsdecode(part) for part in request[:-1].split(b"\0"))
    arguments, variables = rest[: int(count)], rest[int(count) :]
    return where, folder, arguments, {name: value for name, _, value in (one.partition("=") for one in variables)}


if __name__ == "__main__":
    asked = ask(sys.argv[1:], os.environ, (0, 1, 2))
    ended = answer(asked) if asked else None
    if ended is None:
        os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])
    sys.exit(ended)
