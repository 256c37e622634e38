"""One JSON request in, `[command, *arguments]`, one JSON answer out, line by line."""
import json
import sys


def serve(commands):
    for line in sys.stdin:
        try:
            name, *arguments = json.loads(line)
            answer = {"value": commands[name](*arguments)}
        except Exception as error:  # whatever it is, the other side is told
            answer = {
                "error": type(error).__name__,
                "module": type(error).__module__,
                "message": str(error),
                "args": json.loads(json.dumps(error.args, default=repr)),
            }
        print(json.dumps(answer), flush=True)
