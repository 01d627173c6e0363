"""A SLURM cluster of one node on this machine: Debian's packages, loopback, a folder of its own, no service."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

SYSTEM = Path("/etc/slurm/slurm.conf")  # where job steps look, whose environment does not name another
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
CONFIGURATION = """
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=30
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1
MpiDefault=none
ReturnToService=2
MinJobAge={min_job_age}
KillWait=5
InactiveLimit=0
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=24000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str | None:
    """Why there can be no cluster here; None if there can."""
    search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    absent = [name for name in PROGRAMS if shutil.which(name, path=search) is None]
    if absent:
        return f"no SLURM on this machine: {', '.join(absent)} not found (Debian: slurm-wlm, munge)"
    if os.geteuid() != 0:
        return "SLURM's daemons start jobs of other users: they need root"
    return f"this machine has a cluster of its own: {SYSTEM}" if SYSTEM.exists() else None


class Cluster:
    """The daemons; ``environment``: what its commands need to find it."""

    def __init__(self, folder: Path, min_job_age: int = 300) -> None:
        self.folder, self.daemons = folder, dict[str, subprocess.Popen[bytes]]()
        for name in ("munge", "state", "spool"):
            (folder / name).mkdir(parents=True)
        (folder / "munge").chmod(0o755)
        key = folder / "munge/key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        self.host = host = socket.gethostname().split(".")[0]
        ports = {"controller": free_port(), "node": free_port()}
        (folder / "slurm.conf").write_text(
            CONFIGURATION.format(host=host, folder=folder, user="root", min_job_age=min_job_age, **ports)
        )
        (folder / "gres.conf").write_text("Name=gpu File=/dev/null\n")  # a stand-in that no job opens
        self.environment = {"PATH": os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])}

    def start(self) -> None:
        munge = ["--force", f"--socket={self.folder}/munge/socket", f"--key-file={self.folder}/munge/key"]
        munge += [f"--pid-file={self.folder}/munge/pid", f"--log-file={self.folder}/munge/log"]
        munge += [f"--seed-file={self.folder}/munge/seed"]
        SYSTEM.parent.mkdir(exist_ok=True)
        for name in ("slurm.conf", "gres.conf"):
            SYSTEM.with_name(name).symlink_to(self.folder / name)
        self._start("munged", "--foreground", *munge)
        self.start_controller()
        self._start("slurmd", "-D")
        self.wait_until_idle()

    def start_controller(self) -> None:
        self._start("slurmctld", "-D", "-i")

    def stop_controller(self, signal: int = 15) -> None:
        daemon = self.daemons.pop("slurmctld")
        daemon.send_signal(signal)
        daemon.wait(30)

    def kill_node(self) -> None:
        """End the node's daemon and all that runs on it at once, as a loss of power does, and wait until the controller
        knows."""
        daemon = self.daemons.pop("slurmd")
        steps = [one for one in psutil.process_iter() if self._is_step(one)]
        daemon.kill()
        daemon.wait()
        for process in [child for step in steps for child in (*step.children(recursive=True), step)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.call("scontrol", "update", f"NodeName={self.host}", "State=DOWN", "Reason=lost its power")

    def start_node(self) -> None:
        """Bring the node back; what was requeued begins at once, where SLURM itself waits two minutes."""
        self._start("slurmd", "-D")
        end = time.monotonic() + 30
        while self.resume():
            assert time.monotonic() < end
            time.sleep(0.2)
        for job in self.call("squeue", "--states=PENDING", "--noheader", "--format=%i").split():
            self.call("scontrol", "update", f"JobId={job}", "StartTime=now")

    def resume(self) -> bool:
        """Take the node back into service; whether it was out of it."""
        with suppress(subprocess.CalledProcessError):
            if self.call("sinfo", "--noheader", "--format=%t").strip().startswith(("down", "unk", "drain", "drng")):
                self.call("scontrol", "update", f"NodeName={self.host}", "State=RESUME")
                return True
        return False

    def _is_step(self, process: psutil.Process) -> bool:
        """Whether a process holds a job of this cluster's node."""
        with suppress(psutil.Error):
            files = [Path(file.path) for file in process.open_files()]
            return process.name().startswith("slurmstepd") and any(file.is_relative_to(self.folder) for file in files)
        return False

    def stop(self) -> None:
        for name in ("slurmd", "slurmctld", "munged"):
            if daemon := self.daemons.pop(name, None):
                daemon.terminate()
                with suppress(subprocess.TimeoutExpired):
                    daemon.wait(15)
                daemon.kill()
                daemon.wait()
        for name in ("slurm.conf", "gres.conf"):
            SYSTEM.with_name(name).unlink(missing_ok=True)

    def call(self, *command: str) -> str:
        """What a command of SLURM prints."""
        done = subprocess.run(command, env=os.environ | self.environment, text=True, capture_output=True, check=True)
        return done.stdout

    def jobs(self) -> Sequence[str]:
        """``<id> <state> <comment>`` of every job that the controller knows."""
        return self.call("squeue", "--all", "--states=all", "--noheader", "--format=%i %T %k").splitlines()

    def wait_until_idle(self, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while True:
            with suppress(subprocess.CalledProcessError):
                if self.call("sinfo", "--noheader", "--format=%t").strip() == "idle":
                    return
            if time.monotonic() > end:
                logs = [path.read_text(errors="replace")[-2000:] for path in self.folder.glob("slurm*.log")]
                raise RuntimeError("the cluster did not come up:\n" + "\n".join(logs))
            time.sleep(0.2)

    def _start(self, name: str, *options: str) -> None:
        program = shutil.which(name, path=self.environment["PATH"])
        assert program is not None
        log = (self.folder / f"{name}.out").open("ab")
        env = os.environ | self.environment
        self.daemons[name] = subprocess.Popen([program, *options], env=env, stdout=log, stderr=log)
        if name == "munged":
            end = time.monotonic() + 10
            while not (self.folder / "munge/socket").exists():
                if time.monotonic() > end:
                    raise RuntimeError((self.folder / "munged.out").read_text())
                time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
