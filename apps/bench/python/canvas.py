"""Celery's side of the comparison of workflows: the app for `celery -A canvas worker`, and a client when run as a program."""

import json
import multiprocessing
import os
import sys
import time

from celery import Celery, chain, chord, group

app = Celery("canvas", broker=os.environ["BENCH_URL"], backend=os.environ["BENCH_RESULTS"])
app.conf.worker_hijack_root_logger = False

# Made before the pool forks, so that its processes count together.
count = multiprocessing.Value("Q", 0)


@app.task(name="add")
def add(x, y):
    note_run()
    return x + y


@app.task(name="total")
def total(numbers):
    note_run()
    return sum(numbers)


@app.task(name="ran")
def ran():
    with count.get_lock():
        last, count.value = count.value, 0
    return last


def note_run():
    with count.get_lock():
        count.value += 1


# What they are is said in src/canvas/shape.ts.
def workflow(kind, size):
    if kind == "chord":
        return chord([add.s(n, 1) for n in range(size)], total.s())
    if kind == "chain":
        return chain([add.s(0, 1)] + [add.s(1) for _ in range(size - 1)])
    if kind == "nested":
        whole = chord([add.s(0, 1), add.s(0, 1)], total.s())
        for _ in range(size - 1):
            whole = chord([whole, add.s(0, 1)], total.s())
        return whole
    return group([add.s(n, 1) for n in range(size)])


def answer(order):
    try:
        signature = ran.s() if order["what"] == "ran" else workflow(order["kind"], order["size"])
        started = time.perf_counter()
        value = signature.delay().get()
        seconds = time.perf_counter() - started
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {"seconds": seconds, "value": sum(value) if isinstance(value, list) else value}


def main():
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
