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


def run_vega(kind: Literal["bundle", "pages", "png", "svg"], **arguments: Any) -> bytes:
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
import base64, json, re, sys
import vl_convert

def page(wanted, config, to, number):
    svg = wanted["svg"]
    for index, chart in enumerate(wanted["charts"]):
        name = f"p{number}c{index}_"
        try:
            drawn = vl_convert.vegalite_to_svg(chart["spec"], config=config, allowed_base_urls=[])
        except ValueError:
            drawn = '<svg><text y="20" font-size="12.5">This chart cannot be drawn.</text></svg>'
        # Charts on one page must not share their names of gradients and clips.
        drawn = re.sub(r'(\\bid="|url\\(#|href="#)', lambda m: m[1] + name, drawn)
        drawn = drawn.replace("<svg ", f'<svg x="{chart["x"]}" y="{chart["y"]}" ', 1)
        svg = svg.replace(f"<!--{index}-->", drawn)
    done = vl_convert.svg_to_pdf(svg) if to == "pdf" else vl_convert.svg_to_png(svg, scale=2.2)
    return base64.b64encode(done).decode()

request = json.load(sys.stdin)
kind, config = request["kind"], request.get("config")
if kind == "bundle":
    answer = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
elif kind == "pages":
    wanted = enumerate(request["pages"])
    answer = json.dumps([page(one, config, request["to"], number) for number, one in wanted])
elif kind == "png":
    answer = vl_convert.vegalite_to_png(request["spec"], config=config, scale=2, allowed_base_urls=[])
else:
    answer = vl_convert.vegalite_to_svg(request["spec"], config=config, allowed_base_urls=[])
sys.stdout.buffer.write(answer if isinstance(answer, bytes) else answer.encode())
"""
