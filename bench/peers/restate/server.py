"""Restate's server, and a process with the flow."""

import contextlib
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from measuring import INSTALLED, call, free_port, process, until

VERSION = "1.7.12"
PROGRAMS = INSTALLED / "restate/node_modules/.bin"
HERE = pathlib.Path(__file__).resolve().parent


@contextlib.contextmanager
def service(folder, name="service"):
    """The process with the flow; gives its address."""
    port = free_port()
    environment = {**os.environ, "NODE_PATH": str(INSTALLED / "restate/node_modules"), "RESTATE_LOGGING": "ERROR"}
    with process([PROGRAMS / "node", HERE / f"{name}.cjs", port], folder, name, env=environment):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def server(folder, name="restate", fabric=None, **settings):
    """One server with its default settings unless told otherwise; gives the process with the addresses of what it serves."""
    ingress, admin, fabric = free_port(), free_port(), fabric or free_port()
    environment = {
        **os.environ,
        "RESTATE_BASE_DIR": str(folder / name),
        "RESTATE_NODE_NAME": name,
        "RESTATE_CLUSTER_NAME": "bench",
        "RESTATE_LISTEN_MODE": "tcp",
        "RESTATE_BIND_ADDRESS": f"127.0.0.1:{fabric}",
        "RESTATE_ADVERTISED_ADDRESS": f"http://127.0.0.1:{fabric}",
        "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
        "RESTATE_LOG_FILTER": "warn",
        "RESTATE_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
        **settings,
    }
    with process([PROGRAMS / "restate-server", "--no-logo"], folder, name, env=environment) as started:
        started.ingress, started.admin = f"http://127.0.0.1:{ingress}", f"http://127.0.0.1:{admin}"
        yield started


def register(server, service):
    """Tells a server of a service, once it is ready."""
    until("Restate is not ready", lambda: call(f"{server.admin}/health") is not None)
    until("Restate does not know the service", lambda: call(f"{server.admin}/deployments", {"uri": service}))
