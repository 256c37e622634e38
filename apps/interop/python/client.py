"""A Celery client that is told what to do."""
from celery.contrib.abortable import AbortableAsyncResult
from celery.result import AsyncResult, GroupResult, result_from_tuple

from conversation import serve
from expressions import evaluate
from tasks import app
from workflows import build, over_items


def start(node):
    """Sends a workflow."""
    return send_call(node)


def value_of(result):
    # Not propagated: the error of the result itself, and not the one of a task that it came from.
    value = result.get(timeout=20, propagate=False)
    if isinstance(value, Exception):
        raise value
    return value


def run(node):
    """Sends a workflow and waits for its result."""
    return value_of(start(node))


def send(node):
    """Sends a workflow; answers with the id of its result."""
    return start(node).id


def send_stamped(node, stamps):
    """Stamps a workflow with `Signature.stamp` and sends it."""
    signature = build(app, node)
    signature.stamp(append_stamps=False, **stamps)
    return signature.apply_async().id


def send_version_1(node):
    """As programs of Celery 3 do."""
    app.conf.task_protocol = 1
    try:
        app.amqp.__dict__.pop("create_task_message", None)
        return send(node)
    finally:
        app.conf.task_protocol = 2
        app.amqp.__dict__.pop("create_task_message", None)


def send_many(name, numbers, options):
    with app.producer_or_acquire() as producer:
        for number in numbers:
            app.send_task(name, [number], producer=producer, **options)


def get(task_id):
    """Waits for a result, as a Python user does; the error is raised here."""
    return AsyncResult(task_id, app=app).get(timeout=20)


def look(task_id):
    """What is stored of a result, as the properties of Celery's `AsyncResult` tell it."""
    result = AsyncResult(task_id, app=app)
    info = result.info
    return {
        "state": result.state,
        "info": repr(info) if isinstance(info, Exception) else info,
        "traceback": result.traceback,
        "name": result.name,
        "args": result.args,
        "kwargs": result.kwargs,
        "retries": result.retries,
        "queue": result.queue,
        "is_stored": app.backend.get(app.backend.get_key_for_task(task_id)) is not None,
    }


def stamps_of(task_id):
    """The stamps in an extended result."""
    meta = app.backend.get_task_meta(task_id)
    return {name: meta.get(name) for name in meta.get("stamped_headers") or []}


def forget(task_id):
    AsyncResult(task_id, app=app).forget()


def watch(node):
    """The states of a task as its subscription tells them."""
    states = []
    result = build(app, node).apply_async()

    def on_message(meta):
        # What other calls came to may still be on its way to this client.
        if meta["task_id"] == result.id:
            states.append([meta["status"], meta["result"]])

    result.get(timeout=20, on_message=on_message)
    return states


def store_revoked(task_id, reason):
    """As a worker stores what a client has revoked."""
    app.backend.mark_as_revoked(task_id, reason=reason)


def save_group(node):
    """Sends a group and keeps it; answers with its id."""
    result = build(app, node).apply_async()
    result.save()
    return result.id


def restore_group(group_id):
    """The values of a group that was kept."""
    return GroupResult.restore(group_id, app=app).get(timeout=20)


#: Results of what was sent here, by their ids: a second handle on a group that this process waits for is never told.
sent = {}


def send_all(calls):
    """Sends workflows, each with what it is called with; answers with their results as data."""
    results = [send_call(**call) for call in calls]
    sent.update((result.id, result) for result in results)
    return [result.as_tuple() for result in results]


def send_call(node, args=(), kwargs=None, stamps=None):
    signature = build(app, node)
    if stamps:
        signature.stamp(append_stamps=False, **stamps)
    # What runs for many items is sent without its own options, but with those of the call.
    options = node[3] if node[0] in over_items else {}
    return signature.apply_async(args, kwargs or {}, **options)


def read_all(tuples):
    """The values of results that were sent here, or that somebody gave as data."""
    return [values_of(sent.pop(data[0][0], None) or result_from_tuple(data, app)) for data in tuples]


def values_of(result):
    # `GroupResult.get()` looks at all of them every half of a second.
    if isinstance(result, GroupResult):
        return [values_of(member) for member in result.results]
    return result.get(timeout=20)


def outcomes(task_ids):
    """How tasks have ended."""
    return [outcome_of(AsyncResult(task_id, app=app)) for task_id in task_ids]


def outcome_of(result):
    value = result.get(timeout=20, propagate=False)
    if result.state == "SUCCESS":
        return {"value": value}
    return {"state": result.state, "error": type(value).__name__, "message": str(value)}


def send_for_tuple(node):
    """Sends a workflow; answers with its result as data."""
    return build(app, node).apply_async().as_tuple()


def from_tuple(data):
    """What a result is that somebody gave as data, with those of its parents."""
    result, values = result_from_tuple(data, app), []
    while result is not None:
        values.append(result.get(timeout=20))
        result = result.parent
    return values


def collect(task_id):
    """The values of a result and of everything below it."""
    return [value for _, value in AsyncResult(task_id, app=app).collect(timeout=20)]


def children(task_id):
    """Ids of the results of what a task has sent, as Celery's `AsyncResult` reads them."""
    return [child.id for child in AsyncResult(task_id, app=app).children]


def abort(task_id):
    AbortableAsyncResult(task_id, app=app).abort()


def echo(task, expressions, options):
    """Has a task return each value of a list of Python expressions; answers with what they are then."""
    results = [app.send_task(task, [evaluate(text)], **options) for text in expressions]
    return [repr(value_of(result)) for result in results]


serve({command.__name__: command for command in (
    run, send, send_stamped, send_version_1, send_many, get, look, stamps_of, forget, watch, store_revoked, save_group,
    restore_group, send_all, read_all, outcomes, send_for_tuple, from_tuple, collect, children, abort, echo,
)})
