"""`python -m perennial.local <verb>`: the stack on this machine, for people and for the Makefile."""

import argparse
import shlex
import sys

from perennial.local import databases
from perennial.local.environment import airflow_url, environment, store_url
from perennial.local.errors import LocalError
from perennial.local.stack import Stack, down, up
from perennial.local.state import default_folder, find

VERBS = {
    "up": "start what does not run, and wait until it is ready",
    "down": "stop everything; the data stays",
    "demo": "start, and run the round trip on the demo's data",
    "status": "say how each process is",
    "url": "print the UI's address, user and password",
    "store-url": "print a read-only PostgreSQL URL of the store",
    "env": 'print exports for a shell that is to talk to the stack: eval "$(... env)"',
}


def main(arguments: list[str]) -> int:
    """Do what the verb says; 1 with an explanation on stderr if that is impossible."""
    parser = argparse.ArgumentParser(prog="python -m perennial.local", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, explanation in VERBS.items():
        verbs.add_parser(name, help=explanation, description=explanation)
    verb = parser.parse_args(arguments).verb
    try:
        return _run(verb)
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. What was started goes on running; `make down` stops it.\n")
        return 130


def _run(verb: str) -> int:
    folder = default_folder()
    if verb == "down":
        down(folder, _say)
        return 0
    if verb == "up":
        print(_login(up(folder, _say)))
        return 0
    if verb == "demo":
        # It brings Polars with it, which the other commands can do without.
        from perennial.local.demo import demo

        demo(folder, _say)
        return 0
    if find(folder) is None:
        raise LocalError(f"There is no stack in {folder} yet; `make demo` makes one")
    stack = Stack.open(folder)
    if verb == "status":
        health = stack.health()
        for name, condition in health.items():
            print(f"{name:14} {condition}")
        return 0 if set(health.values()) == {"up"} else 1
    if verb == "url":
        print(_login(stack))
    elif verb == "store-url":
        print(store_url(stack.state, databases.READER, stack.secret.reader_password))
    else:
        for name, value in environment(stack.state, stack.secret).items():
            print(f"export {name}={shlex.quote(value)}")
    return 0


def _login(stack: Stack) -> str:
    return f"{airflow_url(stack.state)}  user: admin  password: {stack.secret.admin_password}"


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
