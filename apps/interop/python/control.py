"""Celery's own control client and command line, told what to do."""
import os

from celery.bin.celery import celery as program
from click.testing import CliRunner

from conversation import serve
from tasks import app


def command_line(*argv):
    """`celery -A tasks …`, in this process: starting one for each takes a second."""
    ended = CliRunner().invoke(program, ["-A", "tasks", "--no-color", *argv], catch_exceptions=False)
    return {"code": ended.exit_code, "output": ended.output}


def broadcast(command, arguments, options):
    return app.control.broadcast(command, arguments=arguments, reply=True, **options)


def inspect(method, arguments, options):
    """`app.control.inspect(…).<method>(…)`."""
    return getattr(app.control.inspect(**options), method)(*arguments)


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    serve({"command_line": command_line, "broadcast": broadcast, "inspect": inspect})
