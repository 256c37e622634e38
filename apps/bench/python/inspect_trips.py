"""Celery's side of the comparison of remote control: asks all workers again and again, and prints how long each answer took."""

import json
import sys
import time

from contender import app

workers, count = int(sys.argv[1]), int(sys.argv[2])
trips = []
for _ in range(count):
    started = time.perf_counter()
    replies = app.control.broadcast("ping", reply=True, limit=workers, timeout=5)
    trips.append((time.perf_counter() - started) * 1000)
    assert len(replies) == workers, replies
print(json.dumps(trips))
