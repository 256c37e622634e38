"""What Celery's own State makes of events, and its Dumper."""
import gc
from io import StringIO

from celery.events.dumper import TASK_NAMES, Dumper
from celery.events.state import State

from conversation import serve


def play(events, now, limits, takes_note):
    """Feeds events to a State; answers with all that it knows then."""
    noted = []
    callbacks = {
        "on_node_join": lambda worker: noted.append(f"{worker.hostname} joined"),
        "on_node_leave": lambda worker: noted.append(f"{worker.hostname} left"),
    }
    state = State(**limits, **(callbacks if takes_note else {}))
    for event in events:
        state.event(event)
        # What was forgotten is still there, and found, until garbage is collected.
        gc.collect()
    return {
        "events": state.event_count,
        "tasks_received": state.task_count,
        "types": state.task_types(),
        "noted": noted,
        "workers": [described_worker(worker, now) for worker in state.workers.values()],
        "tasks": [described_task(task) for task in state.tasks.values()],
        "latest_first": [uuid for uuid, _ in state.tasks_by_time()],
        "earliest_first": [uuid for uuid, _ in state.tasks_by_time(reverse=False)],
        "of_first_type": [uuid for name in state.task_types()[:1] for uuid, _ in state.tasks_by_type(name)],
    }


def described_worker(worker, now):
    alive = type(worker).alive.fget(worker, nowfun=lambda: now)
    return {**{field: getattr(worker, field) for field in worker._fields}, "alive": alive}


def described_task(task):
    fields = task.as_dict()
    worker = fields["worker"]
    return {**fields, "worker": worker and worker.hostname, "children": sorted(fields["children"])}


def dump(events):
    """The lines of `celery events --dump`."""
    TASK_NAMES.clear()
    out = StringIO()
    dumper = Dumper(out=out)
    for event in events:
        dumper.on_event({name: as_sent(name, value) for name, value in event.items()})
    return out.getvalue()


def as_sent(name, value):
    """JavaScript writes whole numbers without a point, where Celery has floats."""
    if name == "loadavg":
        return [float(one) for one in value]
    return float(value) if name in ("local_received", "runtime") and value is not None else value


gc.collect()
# The garbage of the imports is not looked for again after each event.
gc.freeze()
serve({"play": play, "dump": dump})
