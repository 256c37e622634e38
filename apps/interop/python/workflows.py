"""Workflows as data: the counterpart of `src/workflows/signature-of.ts`."""
from datetime import datetime, timedelta, timezone

from celery import chain, chord, group
from celery.canvas import chunks, xmap, xstarmap

#: One task for many items.
over_items = {"map": xmap, "starmap": xstarmap, "chunks": chunks}


def build(app, node):
    """A signature of `["task", name, args, options, kwargs]`, `["chain", nodes, options]`, `["group", nodes, options]`,
    `["chord", nodes, body, options]`, or a task for many items."""
    kind = node[0]
    if kind == "task":
        return task_of(app, *node[1:])
    if kind in over_items:
        _, name, items, _, *size = node
        return over_items[kind](app.signature(name), items, *size, app=app)
    parts = [build(app, part) for part in node[1]]
    if kind == "chain":
        return with_options(app, chain(*parts), *node[2:])
    if kind == "group":
        return with_options(app, group(parts), *node[2:])
    return with_options(app, chord(parts, build(app, node[2])), *node[3:])


def task_of(app, name, args, options, kwargs=None):
    plain = {key: value for key, value in options.items() if key not in ("immutable", "expires_at", "link", "link_error")}
    signature = app.signature(name, args=args, options=plain, kwargs=kwargs or {}, immutable=options.get("immutable", False))
    for link in ("link", "link_error"):
        if link in options:
            signature.options[link] = build(app, options[link])
    if "eta" in options:
        signature.options["eta"] = datetime.fromisoformat(options["eta"])
    if "expires_at" in options:
        signature.options["expires"] = datetime.now(timezone.utc) + timedelta(seconds=options["expires_at"])
    return signature


def with_options(app, whole, options=None):
    """As programs say it of a workflow that they have."""
    left = dict(options or {})
    for name in ("link", "link_error"):
        if name in left:
            getattr(whole, name)(build(app, left.pop(name)))
    return whole.set(**left) if left else whole
