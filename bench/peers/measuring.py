"""What the peers' `run` programs share: how they are loaded, how they are counted, and what they print."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
INSTALLED = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "cairn/peers"
WARM_UP_SECONDS = 2


def main(name, version, prepare):
    """Measures a peer as the command line says and prints the result as JSON. `prepare(folder)` is a context manager that
    gives `load(at_once, seconds)`, which gives requests or flows per second and the milliseconds of each, or quantiles of
    them (`Loaded`); or a `Load`, which can go at a steady pace, too."""
    arguments = parser().parse_args()
    print(json.dumps(measure(name, version, prepare, arguments), indent=2))


def parser():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--runs", type=int, default=1, help="how often to measure everything, always anew (1)")
    arguments.add_argument("--seconds", type=int, default=5, help="how long each load is counted, after a warm-up (5)")
    arguments.add_argument("--at-once", type=int, nargs="+", default=[1, 32], help="how many are asked for at once (1 32)")
    arguments.add_argument("--pace", type=float, help="measure how soon flows begin at so many requests per second, too")
    return arguments


def measure(name, version, prepare, arguments):
    before, after, stolen, loaded = [], [], [], {at_once: [] for at_once in arguments.at_once}
    begun = {}
    for _ in range(arguments.runs):
        with scratch() as folder:
            before.append(synced_appends(folder))
            with prepare(folder) as load:
                ticks = processor_ticks()
                for at_once in arguments.at_once:
                    loaded[at_once].append(load(at_once, arguments.seconds))
                for pace, per_s in paces(load, loaded, arguments).items():
                    begun.setdefault(pace, []).append(Loaded.of(per_s, load.steady(per_s, arguments.seconds)))
                stolen += stolen_percent(ticks, processor_ticks())
            after.append(synced_appends(folder))
    return {
        "name": name,
        "version": version,
        "runs": arguments.runs,
        "F": {"before": spread(before), "after": spread(after)},
        "stolen_percent": spread(stolen) if stolen else None,
        "at_once": {str(at_once): figures(those) for at_once, those in loaded.items()},
        "begun": {pace: figures(those) for pace, those in begun.items()},
    }


def paces(load, loaded, arguments):
    """How many requests per second come where it is measured how soon flows begin: half of what was just measured, and
    what the command line says."""
    if not isinstance(load, Load):
        return {}
    given = {"given": arguments.pace} if arguments.pace else {}
    return {"half": loaded[max(arguments.at_once)][-1].per_s / 2, **given}


class Load:
    """A load that comes as fast as it is answered, or at a steady pace: `steady(per_second, seconds)` gives the milliseconds
    from sending each request to the begin of what comes first in its flow."""

    def __init__(self, fast, steady):
        self.fast, self.steady = fast, steady

    def __call__(self, at_once, seconds):
        return self.fast(at_once, seconds)


class Loaded:
    """What a load came to."""

    def __init__(self, per_s, p50_ms, p99_ms):
        self.per_s, self.p50_ms, self.p99_ms = per_s, p50_ms, p99_ms

    @classmethod
    def of_times(cls, printed):
        """From what a program printed that times each flow by itself: {"seconds": …, "times_ms": […]}."""
        result = json.loads(printed)
        return cls.of(len(result["times_ms"]) / result["seconds"], result["times_ms"])

    @classmethod
    def of(cls, per_s, times_ms):
        """From how long each took at so many per second."""
        times = sorted(times_ms)
        at = lambda share: times[round((len(times) - 1) * share)]
        return cls(per_s, at(0.5), at(0.99))


def figures(loaded):
    return {key: spread([getattr(one, key) for one in loaded]) for key in ("per_s", "p50_ms", "p99_ms")}


def spread(values):
    rounded = lambda value: round(value) if value >= 1000 else round(value, 3)
    return {"median": rounded(statistics.median(values)), "min": rounded(min(values)), "max": rounded(max(values))}


def synced_appends(folder, seconds=0.7):
    """The yardstick F of `cairn bench`: appends of 4 KiB to a growing file, each followed by fdatasync, per second."""
    path, block, appends = pathlib.Path(folder) / "f", b"Z" * 4096, 0
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    begin = time.monotonic()
    while (took := time.monotonic() - begin) < seconds:
        os.write(file, block)
        os.fdatasync(file)
        appends += 1
    os.close(file)
    path.unlink()
    return appends / took


def processor_ticks():
    """What the processors did since the machine was started, as /proc/stat counts it: user, nice, system, idle, iowait, irq,
    softirq, steal. Empty where there is none."""
    with contextlib.suppress(OSError), open("/proc/stat") as stat:
        return [int(ticks) for ticks in stat.readline().split()[1:9]]
    return []


def stolen_percent(before, after):
    """The yardstick `stolen_percent` of `cairn bench`, as a list of one: the share of all processor time that the host gave to
    others. Empty where the system does not tell."""
    passed = [late - early for early, late in zip(before, after)]
    return [100 * passed[7] / sum(passed)] if len(passed) == 8 and sum(passed) else []


def wrk(url, at_once, seconds, **environment):
    """Loads an address with `wrk`, as `load.lua` says: every connection asks again as soon as it has its answer."""

    def ask(seconds):
        command = ["wrk", "-t1", f"-c{at_once}", f"-d{seconds}s", "-s", HERE / "load.lua", url]
        return output(command, env={**os.environ, **environment}).splitlines()[-1]

    ask(WARM_UP_SECONDS)
    result = json.loads(ask(seconds))
    if result["wrong"]:
        sys.exit(f"{url}: {result['wrong']} of {result['requests']} requests went wrong")
    return Loaded(result["per_s"], result["p50_ms"], result["p99_ms"])


def output(command, **more):
    """What a command prints; the end of this program if it fails."""
    try:
        return subprocess.run([str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE, **more).stdout
    except FileNotFoundError:
        sys.exit(f"{command[0]} is missing: see bench/peers/README.md")
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}\n{error.output}")


@contextlib.contextmanager
def process(command, folder, name, **more):
    """A program that runs until the end of the block; what it prints goes to a file in `folder`."""
    path = pathlib.Path(folder) / f"{name}.log"
    with open(path, "w") as log:
        started = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, cwd=folder, **more)
    started.log = path
    try:
        yield started
    except BaseException:
        print(path.read_text()[-4000:], file=sys.stderr)
        raise
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def until(what, look, seconds=60):
    """Waits for what `look` gives."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        with contextlib.suppress(OSError):
            if found := look():
                return found
        time.sleep(0.02)
    sys.exit(f"{what}, even after {seconds} s")


def call(url, body=None, **headers):
    """What an address answers, as text; it is posted to if there is a body."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", **headers}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
        return answer.read().decode()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def scratch():
    """A folder below the current one, since disks differ."""
    folder = tempfile.mkdtemp(prefix="cairn-peer-", dir=os.getcwd())
    try:
        yield pathlib.Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def beside_postgres():
    """Starts this program anew beside a PostgreSQL server of its own, unless there is one (postgres/with)."""
    if "PGHOST" not in os.environ:
        os.environ.setdefault("PGPORT", str(free_port()))
        os.execv(HERE / "postgres/with", [str(HERE / "postgres/with"), sys.executable, *sys.argv])


def postgres_address(database):
    variable = os.environ
    return f"postgresql://{variable['PGUSER']}@{variable['PGHOST']}:{variable['PGPORT']}/{database}"


@contextlib.contextmanager
def database(name):
    """The address of an empty database of PostgreSQL, gone at the end."""
    output(["psql", "-Xqc", f"DROP DATABASE IF EXISTS {name}", "-c", f"CREATE DATABASE {name}"], stderr=subprocess.DEVNULL)
    try:
        yield postgres_address(name)
    finally:
        output(["psql", "-Xqc", f"DROP DATABASE {name} WITH (FORCE)"])
