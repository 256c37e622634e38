"""A monitor as Celery makes it: what it has heard, and what `celery.events.state.State` knows of it."""
import threading
import time

from conversation import serve
from tasks import app

state = app.events.State()
heard = []
changed = threading.Condition()

TASK_FIELDS = (
    "uuid", "name", "state", "args", "kwargs", "eta", "expires", "retries", "result", "exception", "traceback", "root_id",
    "parent_id", "received", "started", "succeeded", "failed", "retried", "revoked", "rejected", "runtime", "timestamp",
)
WORKER_FIELDS = ("hostname", "pid", "freq", "active", "processed", "loadavg", "sw_ident", "sw_ver", "sw_sys", "status_string")


def on_event(event):
    with changed:
        heard.append(dict(event))
        state.event(event)
        changed.notify_all()


def listen():
    with app.connection() as connection:
        app.events.Receiver(connection, handlers={"*": on_event}).capture(limit=None, timeout=None, wakeup=True)


def until(is_so, seconds=20):
    with changed:
        if not changed.wait_for(is_so, timeout=seconds):
            raise RuntimeError("it did not happen; heard were " + ", ".join(event["type"] + " " + event["hostname"] for event in heard))


def task_of(uuid):
    task = state.tasks[uuid]
    found = {name: getattr(task, name) for name in TASK_FIELDS}
    return {**found, "worker": task.worker.hostname if task.worker else None}


def tasks(wanted):
    """What is known of tasks, as soon as there were events of all these types of each: those of one task may come in another order."""
    def types_of(uuid):
        return {event["type"] for event in heard if event.get("uuid") == uuid}
    until(lambda: all(types_of(uuid) >= set(types) for uuid, types in wanted.items()))
    return {uuid: task_of(uuid) for uuid in wanted}


def workers(names):
    """What is known of workers, as soon as all of them are alive."""
    # Of its own accord a worker tells more than when it is asked to.
    until(lambda: all(name in state.workers and state.workers[name].processed is not None for name in names))
    return {name: {field: getattr(state.workers[name], field) for field in WORKER_FIELDS} for name in names}


def events(uuid):
    """The events of a task, in the order in which they came."""
    with changed:
        return [event for event in heard if event.get("uuid") == uuid]


def event(kind, hostname):
    """The last event of a type that a node has sent, as soon as there is one."""
    def found():
        return [one for one in heard if one["type"] == kind and one["hostname"] == hostname]
    until(lambda: bool(found()))
    return found()[-1]


threading.Thread(target=listen, daemon=True).start()
serve({"tasks": tasks, "workers": workers, "events": events, "event": event, "time": time.time})
