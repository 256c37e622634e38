"""Celery's side of the comparison: the app for `celery -A contender worker`, and a client when run as a program."""

import json
import os
import sys
import time

from celery import Celery

url = os.environ["BENCH_URL"]
app = Celery("contender", broker=url, backend=url)
app.conf.task_ignore_result = os.environ["BENCH_STORES"] != "stores"
app.conf.worker_hijack_root_logger = False


@app.task(name="add")
def add(x, y):
    return x + y


def main():
    what, count = sys.argv[1], int(sys.argv[2])
    add.delay(0, 0)
    trips = []
    started = time.perf_counter()
    cpu = time.process_time()
    for n in range(count):
        sent = time.perf_counter()
        result = add.delay(n, 1)
        if what == "round-trips":
            result.get(timeout=30)
            trips.append((time.perf_counter() - sent) * 1000)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "cpuSeconds": time.process_time() - cpu, "residentMiB": 0, "tripsMs": trips}))


if __name__ == "__main__":
    main()
