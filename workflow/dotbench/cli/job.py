"""A job of the workflow, in a fork of a process that has imported the libraries.

    python -m dotbench.cli.job dotbench.cli.fit --method …

Most of the job of a small fit is start-up: five CPU seconds for .02 s of training. If `dotbench.cli.forks` serves, its
socket is named by the variable DOTBENCH_FORKS. It then runs the module in a fork of itself, with the arguments, folder,
environment and standard streams of this process. This process ends as the fork does. Elsewhere, such as in a job of a
cluster, this process becomes ``python -m`` of the module. It imports nothing but the standard library: 40 ms.
"""

import json
import os
import socket
import sys

DIRECT = b"direct"  # the answer to a process of another environment
ENVIRONMENT = os.path.realpath(os.path.dirname(sys.executable))


def status(arguments: list[str]) -> int | None:
    """Exit status of the module in a fork. None where there is no server to ask.

    A server that goes away takes its forks along: the status is then 137, that of a process that was killed.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(os.environ["DOTBENCH_FORKS"])
        except (OSError, KeyError):
            return None
        call = [ENVIRONMENT, arguments, os.getcwd(), dict(os.environ)]
        request = json.dumps(call).encode()
        socket.send_fds(connection, [len(request).to_bytes(8, "big")], [0, 1, 2])
        connection.sendall(request)
        answer = connection.recv(16)
    return None if answer == DIRECT else int(answer or b"137")


if __name__ == "__main__":
    ended = status(sys.argv[1:])
    if ended is None:
        os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])
    sys.exit(ended)
