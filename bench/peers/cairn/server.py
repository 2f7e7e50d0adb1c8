"""A server of Cairn with flows that are asked for over HTTP."""

import contextlib
import datetime
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from measuring import Load, call, database, output, process, until, wrk
from project import publish
from steady import at_a_steady_pace

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or pathlib.Path.home() / ".cache/cairn/target")
CAIRN = os.environ.get("CAIRN", TARGET / "release/cairn")
REQUEST = {"id": 7, "text": "0123456789"}


def version():
    return output([CAIRN, "--version"]).split()[-1]


def served(flow, size, options):
    """Prepares a server of its own for `measuring.main`, loaded with records of `size` characters."""

    @contextlib.contextmanager
    def prepare(folder):
        with server(folder, options) as (address, token):
            url = f"{address}/api/v1/http/bench/{flow}"
            until("no reply", lambda: "id" in call(url, REQUEST, authorization=f"Bearer {token}"))
            fast = lambda at_once, seconds: wrk(url, at_once, seconds, SIZE=str(size), TOKEN=token)
            yield Load(fast, lambda per_second, seconds: first_components(address, url, token, per_second, seconds))

    return prepare


def first_components(address, url, token, per_second, seconds):
    """The milliseconds from sending each request to the start of its first component, which the server keeps by the clock of
    the machine."""
    authorised = {"Authorization": f"Bearer {token}"}
    replies = at_a_steady_pace(url, json.dumps(REQUEST).encode(), authorised, per_second, seconds, time.time)
    sent = {int(headers[b"x-cairn-request"]): sent for sent, headers in replies}
    times, page, after = [], {"next": ""}, ""
    while "next" in page and len(times) < len(sent):
        page = json.loads(call(f"{address}/api/v1/requests?limit=1000&attempts=true{after}", **authorised))
        after = f"&after={page.get('next')}"
        for request in page["items"]:
            if request["id"] in sent:
                began = datetime.datetime.fromisoformat(request["attempts"][0]["firstComponentAt"])
                times.append((began.timestamp() - sent[request["id"]]) * 1000)
    return times


@contextlib.contextmanager
def server(folder, options):
    """A server with the project; gives its address and a token."""
    with checkpoint_database(folder, options.postgres) as connection:
        environment = {
            **os.environ,
            "CAIRN_CHECKPOINT_CONNECTION": connection,
            "CAIRN_TOKEN_FILE": "",
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        serve = [CAIRN, "--json", "serve", "--listen", "127.0.0.1:0", "--state", folder / "state"]
        serve += ["--checkpoint-storage", folder / "storage", "--speculation", options.speculation]
        serve += ["--key-file", folder / "key"]
        with process(serve, folder, "cairn", env=environment) as started:
            address = until("Cairn is not ready", lambda: ready(started.log))
            cairn = lambda *arguments, **more: output([CAIRN, *arguments], env=environment, **more)
            cairn("user", "add", "bench", "--role", "Administrator", "--password-stdin", input="bench-bench-bench\n")
            token = cairn("user", "token", "bench").strip()
            environment |= {"CAIRN_SERVER": address, "CAIRN_TOKEN": token}
            cairn("project", "add", "bench", publish(folder))
            cairn("update", "bench")
            yield address, token


def ready(log):
    """The address, once the server has said it; its log is in the same file."""
    said = [line for line in log.read_text().splitlines() if line.startswith('{"address"')]
    return json.loads(said[0])["address"] if said else None


def checkpoint_database(folder, postgres):
    """One of PostgreSQL with the name `postgres`, or of SQLite."""
    return database(postgres) if postgres else contextlib.nullcontext(f"sqlite:{folder / 'cairn.db'}")
