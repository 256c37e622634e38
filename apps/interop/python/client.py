"""A Python client that is told what to do: one JSON expression in, one JSON result out, line by line."""
import json
import sys

from celery import chain, chord, group

from tasks import app


def build(node):
    """A signature of `["task", name, args, options]`, `["chain", nodes]`, `["group", nodes]` or `["chord", nodes, body]`."""
    kind = node[0]
    if kind == "task":
        _, name, args, options = node
        return app.signature(name, args=args, options=options)
    parts = [build(part) for part in node[1]]
    if kind == "chain":
        return chain(*parts)
    if kind == "group":
        return group(parts)
    return chord(parts, build(node[2]))


for line in sys.stdin:
    try:
        # Not propagated: the error of the result itself, and not the one of a task that it came from.
        value = build(json.loads(line)).apply_async().get(timeout=20, propagate=False)
        if isinstance(value, Exception):
            raise value
        answer = {"value": value}
    except Exception as error:  # whatever it is, the other side is told
        answer = {"error": type(error).__name__, "module": type(error).__module__, "message": str(error)}
    print(json.dumps(answer), flush=True)
