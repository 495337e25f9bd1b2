"""A campaign on a real Slurm with two nodes, one of which is killed in the middle: every task has one result, none is
lost, and the results are those of a run without Slurm.

    python3 tests/slurm/run.py PACKAGES SEIGO MODEL.ceras IMAGES

PACKAGES is a folder with Debian's packages unpacked; `make test-slurm` fills it. The daemons run as this user, who has to be
root, on loopback and without systemd, and end with the script.
"""

import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
# What marks the daemons of a node, and what they start, among all processes.
MARK = "SEIGO_TEST_NODE"


def free_ports(count):
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for own in sockets:
        own.bind(("127.0.0.1", 0))
    ports = [own.getsockname()[1] for own in sockets]
    for own in sockets:
        own.close()
    return ports


def marked(mark):
    """Processes that have the mark in their environment."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


def children(parents):
    """The processes and everything below them."""
    by_parent = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            by_parent.setdefault(int(fields[1]), []).append(int(entry.name))
    all_of_them, new = set(parents), list(parents)
    while new:
        for child in by_parent.get(new.pop(), []):
            if child not in all_of_them:
                all_of_them.add(child)
                new.append(child)
    return all_of_them


def end(processes):
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass


def until(what, seconds, holds):
    """Waits until something holds; its value."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        value = holds()
        if value:
            return value
        time.sleep(0.1)
    raise SystemExit(f"test-slurm: {what}: not within {seconds} s")


class Cluster:
    """Munge, the controller and two nodes."""

    def __init__(self, packages, run):
        self.packages, self.run = packages, run
        arch = next((packages / "usr/lib").glob("*/slurm-wlm")).parent.name
        self.mark = run.name
        libraries = packages / "usr/lib" / arch
        path = f"{libraries}:{libraries}/slurm-wlm"
        self.environment = os.environ | {"LD_LIBRARY_PATH": path, "SLURM_CONF": str(run / "slurm.conf")}
        for variable in [name for name in self.environment if name.startswith("SLURM_") and name != "SLURM_CONF"]:
            del self.environment[variable]
        ports = free_ports(3)
        text = (HERE / "slurm.conf").read_text()
        words = {"HOST": socket.gethostname().split(".")[0], "ROOT": packages, "RUN": run, "ARCH": arch}
        words |= {f"PORT{index}": port for index, port in enumerate(ports)}
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        (run / "slurm.conf").write_text(text)
        for folder in ["state", "spool-n1", "spool-n2"]:
            (run / folder).mkdir()

    def daemon(self, name, arguments, mark):
        environment = self.environment | {MARK: mark}
        log = (self.run / f"{mark}.out").open("ab")
        command = [self.packages / "usr/sbin" / name, *arguments]
        subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def start(self):
        run, steps = self.run, self.packages / "usr/sbin/slurmstepd-wlm"
        key = run / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o600)
        files = {"key-file": key, "socket": run / "munge.sock", "pid-file": run / "munged.pid"}
        files |= {"log-file": run / "munged.log", "seed-file": run / "munged.seed"}
        self.daemon("munged", ["--foreground", *(f"--{name}={path}" for name, path in files.items())], self.mark)
        until("munge answers", 20, (run / "munge.sock").exists)
        self.daemon("slurmctld-wlm", ["-D", "-f", run / "slurm.conf"], self.mark)
        for node in ["n1", "n2"]:
            arguments = ["-D", "-N", node, "-f", run / "slurm.conf", "-d", steps]
            self.daemon("slurmd-wlm", arguments, f"{self.mark}-{node}")
        until("both nodes are idle", 60, lambda: self.ask("sinfo", "-N", "-h", "-t", "idle", "-o", "%N").split() == ["n1", "n2"])

    def ask(self, name, *arguments):
        command = [self.packages / "usr/bin" / name, *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True).stdout

    def submit(self, folder):
        """Submits the array and waits for its end in the background."""
        command = [self.packages / "usr/bin/sbatch", "--wait", "array.sbatch"]
        return subprocess.Popen(command, cwd=folder, env=self.environment, stdout=subprocess.DEVNULL)

    def kill(self, node):
        """Ends a node with everything that runs there."""
        end(children(marked(f"{self.mark}-{node}")))

    def stop(self):
        for mark in [f"{self.mark}-n1", f"{self.mark}-n2", self.mark]:
            end(children(marked(mark)))


def seigo(program, *arguments):
    done = subprocess.run([program, "--quiet", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode not in [0, 1]:
        raise SystemExit(f"test-slurm: seigo {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def campaign(cluster, program, model, images):
    run = cluster.run
    options = ["--target", "zynq7020", "--images", images, "--faults", "8"]
    seigo(program, "farm", "plan", model, *options, "-o", run / "alone")
    # Builds the simulation, which the tasks in Slurm then find.
    seigo(program, "farm", "run", run / "alone")
    alone = json.loads(seigo(program, "farm", "collect", run / "alone", "--format", "json"))
    seigo(program, "farm", "plan", model, *options, "--slurm", "-o", run / "farm")
    job = cluster.submit(run / "farm")
    results = run / "farm/results"
    on_n2 = lambda: cluster.ask("squeue", "-h", "-t", "running", "-w", "n2", "-o", "%i").strip()
    middle = lambda: len(list(results.glob("[0-9]*.json"))) >= 2 and on_n2()
    element = until("the middle of the campaign", 300, middle)
    before = len(list(results.glob("[0-9]*.json")))
    cluster.kill("n2")
    print(f"node n2 was killed while it ran job {element}, after {before} of {len(alone['tasks'])} results")
    until("the end of the array", 600, lambda: job.poll() is not None)
    print(cluster.ask("sinfo", "-N").rstrip())
    farm = json.loads(seigo(program, "farm", "collect", run / "farm", "--format", "json"))
    assert before < len(alone["tasks"]), "the node was killed too late"
    compare(run, alone, farm)


def compare(run, alone, farm):
    assert alone["holds"], alone["counts"]
    assert farm["holds"], farm["counts"]
    assert farm["left_out"] == [], farm["left_out"]
    indices = [row["index"] for row in farm["tasks"]]
    assert indices == list(range(len(alone["tasks"]))), indices
    files = sorted(path.name for path in (run / "farm/results").iterdir())
    assert files == sorted(f"{index}.json" for index in indices), files
    read = lambda own, index: json.loads((run / own / f"results/{index}.json").read_text())["outcome"]
    for index in indices:
        assert read("farm", index) == read("alone", index), f"task {index} differs"
    print(f"test-slurm: {len(indices)} tasks, one result each, equal to those of a run without Slurm")


def main():
    packages, program, model, images = (pathlib.Path(argument).resolve() for argument in sys.argv[1:5])
    if os.getuid() != 0:
        raise SystemExit("test-slurm: slurmd starts jobs as their owner, and so has to run as root")
    run = pathlib.Path(tempfile.mkdtemp(prefix="seigo-slurm-"))
    run.chmod(0o755)
    cluster = Cluster(packages, run)
    try:
        cluster.start()
        campaign(cluster, program, model, images)
    except BaseException:
        for log in [*run.glob("*.out"), *run.glob("*.log"), *run.glob("farm/log/*")]:
            print(f"== {log}\n{log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
        raise
    finally:
        cluster.stop()
        shutil.rmtree(run, ignore_errors=True)


main()
