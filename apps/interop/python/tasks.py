"""The Python side: an app on the broker of the environment, whose tasks are in the queue `python`."""
import os
import time

from celery import Celery

app = Celery("interop", broker=os.environ["INTEROP_BROKER"], backend=os.environ["INTEROP_BACKEND"])
app.conf.task_default_queue = "python"
app.conf.worker_enable_remote_control = False
app.conf.broker_transport_options = {"visibility_timeout": 5}
app.conf.task_acks_late = True
app.conf.worker_prefetch_multiplier = 1


@app.task(name="python.add")
def add(x, y):
    return x + y


@app.task(name="python.total")
def total(numbers):
    return sum(numbers)


@app.task(name="python.fail")
def fail(*args):
    raise KeyError("no such order")


@app.task(name="shared.slow", track_started=True)
def slow():
    time.sleep(60)


@app.task(name="shared.mark", bind=True)
def mark(self, number):
    return ["python", number]
