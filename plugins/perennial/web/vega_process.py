"""A process of its own for Vega on the server: a request in, a picture or the bundle out.

vl-convert holds the interpreter's lock while it draws: in the api-server it would stop every other request.
"""

import json
import subprocess
import sys
import threading
from typing import Any, Literal

from perennial.errors import TerminalError, TransientError

AT_ONCE = threading.Semaphore(2)
PATIENCE_S = 60


class DrawingFailed(TerminalError):
    """Vega could not draw the specification."""


class DrawingTimedOut(TransientError):
    """The machine was too busy to draw in time."""


def run_vega(kind: Literal["bundle", "png", "svg"], **arguments: Any) -> bytes:
    """Have a child process draw, or bundle Vega's JavaScript; at most two at once.

    :raises DrawingFailed: the specification is wrong; the message says how.
    :raises DrawingTimedOut: no answer within a minute.
    """
    request = json.dumps({"kind": kind, **arguments}).encode()
    try:
        with AT_ONCE:
            done = subprocess.run(
                [sys.executable, "-I", "-c", CHILD], input=request, capture_output=True, timeout=PATIENCE_S
            )
    except subprocess.TimeoutExpired as error:
        raise DrawingTimedOut(f"Vega took more than {PATIENCE_S} s to give a {kind}; try again") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise DrawingFailed(f"Vega cannot draw this {kind}: {said[-1]:.300}")
    return done.stdout


CHILD = """
import json, sys
import vl_convert
request = json.load(sys.stdin)
kind, config = request["kind"], request.get("config")
if kind == "bundle":
    answer = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
elif kind == "png":
    answer = vl_convert.vegalite_to_png(request["spec"], config=config, scale=2, allowed_base_urls=[])
else:
    answer = vl_convert.vegalite_to_svg(request["spec"], config=config, allowed_base_urls=[])
sys.stdout.buffer.write(answer if isinstance(answer, bytes) else answer.encode())
"""
