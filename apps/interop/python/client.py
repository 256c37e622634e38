"""A Celery client that is told what to do."""
from datetime import datetime, timedelta, timezone

from celery import chain, chord, group
from celery.canvas import chunks, xmap, xstarmap
from celery.contrib.abortable import AbortableAsyncResult
from celery.result import AsyncResult, GroupResult, result_from_tuple

from conversation import serve
from expressions import evaluate
from tasks import app


#: One task for many items.
over_items = {"map": xmap, "starmap": xstarmap, "chunks": chunks}


def build(node):
    """A signature of `["task", name, args, options, kwargs]`, `["chain", nodes]`, `["group", nodes]`, `["chord", nodes, body]`, or a task for many items."""
    kind = node[0]
    if kind == "task":
        _, name, args, options, *kwargs = node
        signature = app.signature(name, args=args, options=options, kwargs=dict(*kwargs))
        for link in ("link", "link_error"):
            if link in options:
                signature.options[link] = build(options[link])
        if "eta" in options:
            signature.options["eta"] = datetime.fromisoformat(options["eta"])
        if "expires_at" in options:
            signature.options["expires"] = datetime.now(timezone.utc) + timedelta(seconds=signature.options.pop("expires_at"))
        return signature
    if kind in over_items:
        _, name, items, _, *size = node
        return over_items[kind](app.signature(name), items, *size, app=app)
    parts = [build(part) for part in node[1]]
    if kind == "chain":
        return chain(*parts)
    if kind == "group":
        return group(parts)
    return chord(parts, build(node[2]))


def start(node):
    """Sends a workflow."""
    # What runs for many items is sent without its own options, but with those of the call.
    options = node[3] if node[0] in over_items else {}
    return build(node).apply_async(**options)


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
    signature = build(node)
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
    result = build(node).apply_async()
    result.get(timeout=20, on_message=lambda meta: states.append([meta["status"], meta["result"]]))
    return states


def store_revoked(task_id, reason):
    """As a worker stores what a client has revoked."""
    app.backend.mark_as_revoked(task_id, reason=reason)


def save_group(node):
    """Sends a group and keeps it; answers with its id."""
    result = build(node).apply_async()
    result.save()
    return result.id


def restore_group(group_id):
    """The values of a group that was kept."""
    return GroupResult.restore(group_id, app=app).get(timeout=20)


def send_for_tuple(node):
    """Sends a workflow; answers with its result as data."""
    return build(node).apply_async().as_tuple()


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
    restore_group, send_for_tuple, from_tuple, collect, children, abort, echo,
)})
