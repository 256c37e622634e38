"""The Python side: an app on the broker of the environment, whose tasks are in the queue `python`."""
import importlib
import json
import os
import time

from celery import Celery, group
from celery.contrib.abortable import AbortableTask
from celery.exceptions import Ignore, Reject
from kombu import Exchange, Queue
from kombu.common import Broadcast
from redis import Redis

from workflows import build

app = Celery("interop", broker=os.environ["INTEROP_BROKER"], backend=os.environ["INTEROP_BACKEND"])
app.conf.update(
    task_default_queue="python",
    worker_enable_remote_control=False,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    accept_content=["json", "yaml", "msgpack"],
    # Workers are told which of them they consume.
    task_queues=[Queue("python", Exchange("python"), routing_key="python"), Broadcast("news")],
)
app.conf.update(json.loads(os.environ.get("INTEROP_SETTINGS", "{}")))

#: What tasks leave behind for the tests, and what they wait for.
journal = Redis.from_url(os.environ["INTEROP_BACKEND"])


def wait_for(gate):
    """Until the test opens the gate, so that it sees a state before the next one comes."""
    if journal.blpop([f"gate:{gate}"], timeout=20) is None:
        raise RuntimeError(f"nobody opened the gate {gate}")


class OutOfStock(Exception):
    """An error with a class, and arguments, of this program's own."""


@app.task(name="python.add")
def add(x, y):
    return x + y


@app.task(name="python.total")
def total(numbers):
    return sum(numbers)


@app.task(name="python.fail")
def fail(*args):
    raise KeyError("no such order")


@app.task(name="python.sell")
def sell(article, left):
    raise OutOfStock(article, left)


def error_of(module, name, args):
    return getattr(importlib.import_module(module), name)(*args)


@app.task(name="python.raise")
def raise_(module, name, args):
    raise error_of(module, name, args)


@app.task(name="python.raise_odd")
def raise_odd(what):
    """Errors whose arguments JSON has nothing for, or that hold each other."""
    if what == "object":
        raise OutOfStock(object(), {"a": {1, 2}})
    try:
        raise KeyError("inner")
    except KeyError as error:
        raise RuntimeError("outer") from error


@app.task(name="python.unencodable")
def unencodable():
    return object()


@app.task(name="python.request", bind=True)
def request(self, *args, **kwargs):
    """What arrived of a call, besides its arguments."""
    wanted = (
        "id", "args", "kwargs", "headers", "stamps", "stamped_headers", "shadow", "argsrepr", "kwargsrepr", "timelimit",
        "reply_to", "correlation_id", "retries", "root_id", "parent_id", "lang", "ignore_result", "eta", "expires",
    )
    found = {name: getattr(self.request, name) for name in wanted}
    return {**found, "delivery_info": {key: self.request.delivery_info[key] for key in ("exchange", "routing_key", "priority")}}


@app.task(name="python.note", bind=True)
def note(self, key, *args):
    """Leaves its arguments and stamps behind, under the key that it was given last."""
    *values, key = (key, *args)
    journal.rpush(f"noted:{key}", json.dumps({"args": values, "stamps": self.request.stamps}))


@app.task(name="python.on_error")
def on_error(request, exception, traceback):
    """An errback of the newer kind."""
    noted = {"exception": repr(exception), "traceback": str(traceback)}
    journal.rpush(f"noted:{request.id}", json.dumps(noted))


@app.task(name="python.told")
def told(failed_id=None, *, key):
    """An errback of the older kind: Celery counts what it may be given without a name."""
    journal.rpush(f"noted:{key}", json.dumps({"failed": failed_id}))


@app.task(name="python.told_all")
def told_all(request, exception, traceback, *, key):
    """One of the newer kind."""
    journal.rpush(f"noted:{key}", json.dumps({"failed": request.id, "error": repr(exception)}))


@app.task(name="python.refuse")
def refuse(*args):
    raise TypeError(args[-1])


@app.task(name="python.stumble")
def stumble(failed_id):
    """An errback of the older kind that fails itself."""
    raise TypeError("no errback")


@app.task(name="python.become", bind=True)
def become(self, *args):
    """Leaves its place to the workflow that it was given last."""
    raise self.replace(build(app, args[-1]))


@app.task(name="python.extend", bind=True)
def extend(self, value, node):
    """Adds a workflow to its chord."""
    self.add_to_chord(build(app, node))
    return value


@app.task(name="python.stamped", bind=True)
def stamped(self, *args):
    """The stamps that it has, after those that it was given."""
    return [*(args[0] if args else []), self.request.stamps]


@app.task(name="python.settle", bind=True)
def settle(self, how):
    """Ends without a result."""
    if how == "reject":
        journal.rpush(f"noted:{self.request.id}", json.dumps("rejected"))
        raise Reject("not now", requeue=False)
    self.update_state(state="SHELVED", meta={"shelf": 3})
    raise Ignore()


@app.task(name="python.give_up", bind=True, max_retries=1)
def give_up(self):
    raise self.retry(exc=OutOfStock("still none"), countdown=0.05)


@app.task(name="shared.echo")
def shared_echo(value):
    return value


@app.task(name="shared.fail")
def shared_fail(message):
    raise ValueError(message)


@app.task(name="shared.again", bind=True, max_retries=1)
def shared_again(self):
    """Succeeds with its second attempt."""
    if self.request.retries == 0:
        raise self.retry(exc=ValueError("not yet"), countdown=0.1)
    return self.request.retries


@app.task(name="shared.hop", bind=True, max_retries=3)
def hop(self, to):
    """Its first attempt leaves it to a worker of another queue."""
    if self.request.retries == 0:
        raise self.retry(queue=to, countdown=0.05)
    request = self.request
    return ["python", request.retries, request.id, request.headers, request.stamps]


@app.task(name="python.echo")
def echo(value):
    return value


@app.task(name="python.show")
def show(value):
    return repr(value)


@app.task(name="python.priority", bind=True)
def priority(self):
    return self.request.delivery_info["priority"]


@app.task(name="python.gated", bind=True, track_started=True)
def gated(self, gate):
    wait_for(gate)
    self.update_state(state="PROGRESS", meta={"done": 1, "of": 2})
    wait_for(gate)
    return "through"


@app.task(name="python.flaky", bind=True, max_retries=1)
def flaky(self, gate):
    if self.request.retries == 0:
        raise self.retry(exc=ValueError("not yet"), countdown=0.1)
    wait_for(gate)
    return self.request.retries


@app.task(name="python.hopeless", bind=True, max_retries=0)
def hopeless(self):
    raise self.retry()


@app.task(name="python.spawn")
def spawn(x):
    """Sends others, whose results are its children."""
    add.delay(x, 1)
    group(add.s(x, 2), add.s(x, 3)).apply_async()
    return x


@app.task(name="python.parent")
def parent(task, queue):
    return app.send_task(task, [1, 1], queue=queue).id


@app.task(name="python.placed", bind=True)
def placed(self):
    return [self.request.root_id, self.request.parent_id, self.request.delivery_info["priority"]]


@app.task(name="python.abortable", bind=True, base=AbortableTask)
def abortable(self):
    for _ in range(400):
        if self.is_aborted():
            return "tidied up"
        time.sleep(0.05)
    return "never told"


@app.task(name="shared.tell")
def tell(what):
    journal.rpush("told", f"python: {what}")


@app.task(name="shared.hold", bind=True)
def hold(self, language):
    """Held for good where the test wants to end the worker; elsewhere it says who executed it."""
    journal.incr(f"executed:{self.request.id}")
    if language == "python":
        time.sleep(60)
    return ["python", bool(self.request.delivery_info["redelivered"])]


@app.task(name="shared.waited", bind=True, max_retries=1)
def waited(self, number, again=0):
    """Who executed it, and whether it waited in the broker before, which writes down where."""
    journal.incr(f"executed:{number}")
    if self.request.retries < again:
        raise self.retry(countdown=1.5)
    deaths = vars(self.request).get("x-death") or []
    return ["python", any(death["queue"].startswith("celery_delayed_") for death in deaths)]


@app.task(name="shared.mark")
def mark(number):
    return ["python", number]


@app.task(name="shared.count")
def count(number):
    with journal.pipeline(transaction=False) as pipeline:
        pipeline.hincrby("executed", number, 1).incr("executed:python").execute()
