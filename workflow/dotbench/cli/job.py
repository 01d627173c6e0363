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
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_STREAM, SOL_SOCKET, socket

DIRECT = b"direct"  # the answer to a process of another environment
ENVIRONMENT = os.path.realpath(os.path.dirname(sys.executable))


def status(arguments: list[str]) -> int | None:
    """Exit status of the module in a fork. None where there is no server to ask.

    A server that goes away takes its forks along: the status is then 137, that of a process that was killed.
    """
    connection = socket(AF_UNIX, SOCK_STREAM)
    try:
        connection.connect(os.environ["DOTBENCH_FORK"])
    except (OSError, KeyError):
        return None
    request = request_of(arguments)
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    connection.sendmsg([len(request).to_bytes(8, "big")], [(SOL_SOCKET, SCM_RIGHTS, streams)])
    connection.sendall(request)
    answer = connection.recv(16)
    return None if answer == DIRECT else int(answer or b"137")


def request_of(arguments: list[str]) -> bytes:
    """What a job is, in parts that end in a zero byte, which none of them can hold: the environment of Python, folder,
    number of arguments, arguments, variables."""
    variables = [f"{name}={value}" for name, value in os.environ.items()]
    parts = [ENVIRONMENT, os.getcwd(), str(len(arguments)), *arguments, *variables]
    return b"".join(os.fsencode(part) + b"\0" for part in parts)


def read_request(request: bytes) -> tuple[str, str, list[str], dict[str, str]]:
    """The inverse of `request_of`: environment of Python, folder, arguments, variables."""
    where, folder, count, *rest = (os.fsdecode(part) for part in request[:-1].split(b"\0"))
    arguments, variables = rest[: int(count)], rest[int(count) :]
    return where, folder, arguments, {name: value for name, _, value in (one.partition("=") for one in variables)}


if __name__ == "__main__":
    ended = status(sys.argv[1:])
    if ended is None:
        os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])
    sys.exit(ended)
