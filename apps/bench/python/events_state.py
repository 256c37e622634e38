"""Celery's side of the comparison of states: feeds a file of events to a State, and prints how long that took."""

import json
import sys
import time

from celery.events.state import State

with open(sys.argv[1]) as file:
    events = [json.loads(line) for line in file]
state = State()
started = time.perf_counter()
for event in events:
    state.event(event)
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "tasks": len(state.tasks), "workers": len(state.workers)}))
