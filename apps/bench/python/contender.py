"""Celery's side of the comparisons: the app for `celery -A contender worker`, and a client when run as a program."""

import hashlib
import json
import os
import sys
import time

from celery import Celery

app = Celery("contender", broker=os.environ["BENCH_URL"], backend=os.environ["BENCH_RESULTS"])
app.conf.task_ignore_result = os.environ["BENCH_STORES"] != "stores"
app.conf.worker_hijack_root_logger = False


@app.task(name="add")
def add(x, y):
    return x + y


# What they are for is said in src/worker/work.ts.
@app.task(name="forget", ignore_result=True)
def forget(x, y):
    return x + y


@app.task(name="wait", ignore_result=True)
def wait(ms):
    time.sleep(ms / 1000)


@app.task(name="burn", ignore_result=True)
def burn(rounds):
    hashlib.pbkdf2_hmac("sha256", b"ctq", b"salt", rounds, 32)


@app.task(name="stamp")
def stamp(sent_at):
    return shared_now() - sent_at


@app.task(name="hang", ignore_result=True, time_limit=0.1)
def hang(pulse):
    file = os.open(pulse, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    while True:
        os.pwrite(file, f"{os.getpid()} {shared_now():.6f}\n".rjust(48).encode(), 0)


def shared_now():
    return time.monotonic_ns() / 1e6


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
