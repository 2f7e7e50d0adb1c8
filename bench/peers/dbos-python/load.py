"""Flows of 10 components with a step each, in DBOS: python load.py AT_ONCE SECONDS WARM_UP_SECONDS"""

import concurrent.futures
import json
import os
import sys
import time

from dbos import DBOS


@DBOS.step()
def component(record):
    return {"id": record["id"] + 1, "text": record["text"][1:] + record["text"][0]}


@DBOS.workflow()
def flow(record):
    for _ in range(10):
        record = component(record)
    return record["id"]


def flows_until(end):
    times = []
    while time.monotonic() < end:
        begin = time.monotonic()
        assert flow({"id": 0, "text": "0123456789" * 100}) == 10
        times.append((time.monotonic() - begin) * 1000)
    return times


def load(at_once, seconds):
    end = time.monotonic() + seconds
    with concurrent.futures.ThreadPoolExecutor(at_once) as callers:
        return [took for times in callers.map(flows_until, [end] * at_once) for took in times]


at_once, seconds, warm_up = map(int, sys.argv[1:])
DBOS(config={"name": "bench", "system_database_url": os.environ["DBOS_DATABASE_URL"], "log_level": "ERROR"})
DBOS.launch()
load(at_once, warm_up)
begin = time.monotonic()
times = load(at_once, seconds)
print(json.dumps({"seconds": time.monotonic() - begin, "times_ms": times}), flush=True)
DBOS.destroy()
