"""The tasks of random workflows (apps/random-workflows) in Python: what one is given, it marks with its label."""
import hashlib
import itertools
import json
import re

from tasks import app, journal


def family_of(value):
    """The label of the task that added it to its chord, or that is it; of everything else nothing."""
    found = re.match(r"(a\d+)[.(#]", value) if isinstance(value, str) else None
    return found and found[1]


def settled(value):
    """What a task adds to its chord stands beside it, in no order that is promised."""
    if not isinstance(value, list):
        return value
    values = [settled(one) for one in value]
    return [
        one
        for family, ones in itertools.groupby(values, family_of)
        for one in (sorted(ones) if family else ones)
    ]


def marked(label, args):
    text = f"{label}({json.dumps(settled(args), separators=(',', ':'), ensure_ascii=False)})"
    return text if len(text) <= 60 else f"{label}#{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def note(id, run, label, *args):
    mark = marked(label, [argument for argument in args if argument is not None])
    journal.rpush("workflows", json.dumps({"run": run, "label": label, "id": id, "mark": mark}))
    return mark


@app.task(name="workflow.step", bind=True, max_retries=None)
def step(self, given=None, own=None, run=None, label=None, retries=0):
    mark = note(self.request.id, run, label, given, own)
    if self.request.retries < retries:
        raise self.retry(countdown=0)
    return mark


@app.task(name="workflow.fail", bind=True, max_retries=None)
def fail(self, given=None, run=None, label=None, retries=0):
    note(self.request.id, run, label, given)
    if self.request.retries < retries:
        raise self.retry(countdown=0)
    raise ValueError(f"{label} failed")


@app.task(name="workflow.adds", bind=True)
def adds(self, given=None, run=None, label=None, added=()):
    mark = note(self.request.id, run, label, given)
    if self.request.chord is not None:
        for one in added:
            self.add_to_chord(step.s(run=run, label=one))
    return mark


@app.task(name="workflow.item")
def item(pair):
    run, label = pair
    return note(None, run, label)


@app.task(name="workflow.errback", bind=True)
def errback(self, failed_id, run=None, label=None):
    return note(self.request.id, run, label, failed_id)
