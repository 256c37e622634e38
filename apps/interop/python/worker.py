"""A Celery worker that does not outlive whoever started it, in whatever way that ended: its input ends then."""
import os
import sys
import threading

from tasks import app


def end_with_parent():
    # Past Python's own buffer, whose lock a process of the pool would inherit.
    while os.read(0, 1024):
        pass
    os._exit(1)


threading.Thread(target=end_with_parent, daemon=True).start()
app.worker_main(["worker", *sys.argv[1:]])
