"""Draw the output of `make demo` as an animated SVG.

    make demo | .venv/bin/python docs/make-demo-svg.py >docs/demo.svg

The lines appear one after the other, as in a terminal. A viewer without animation shows all of
them. Only some steps of the demo are shown, without progress lines and without the second lane's
plan, and digests are shortened.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from html import escape

COLUMNS = 100
LINE_PIXELS = 17
CHAR_PIXELS = 7.8
MARGIN = 18
SECONDS_PER_LINE = 0.35
STEPS = range(2, 7)
"""The steps of the demo that are shown: from the first ensure to the replacement."""

_DIGEST = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{56}\b")
_PROGRESS = re.compile(r"demo/[ab]: ")
_COLOURS = (
    (re.compile(r"== "), "#7aa2f7"),
    (re.compile(r"\$ "), "#e0af68"),
    (re.compile(r"  (differs|loses)"), "#f7768e"),
)
_DEFAULT_COLOUR = "#c0caf5"


def shown_lines(output: Iterable[str]) -> Iterator[str]:
    """Yield the lines of the demo that belong into the picture."""
    step, second_plan = 0, False
    for raw in output:
        line = _DIGEST.sub(r"\1..", raw.rstrip())
        step += line.startswith("== ")
        second_plan = line.startswith("demo/b (") or (second_plan and line.startswith("  "))
        if step not in STEPS or second_plan or _PROGRESS.match(line):
            continue
        yield line if len(line) <= COLUMNS else f"{line[: COLUMNS - 2]}.."


def svg(lines: list[str]) -> str:
    """Return the picture of these lines."""
    width = round(COLUMNS * CHAR_PIXELS + 2 * MARGIN)
    height = len(lines) * LINE_PIXELS + 2 * MARGIN
    rows = [_row(number, line) for number, line in enumerate(lines) if line]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" aria-labelledby="title">',
            '<title id="title">lanekit creates two lanes, shows a plan, replaces them</title>',
            "<style>",
            "text { font: 13px ui-monospace, Menlo, Consolas, monospace; white-space: pre; "
            "animation: show 0.01s backwards; }",
            "@keyframes show { from { opacity: 0; } }",
            "@media (prefers-reduced-motion) { text { animation: none; } }",
            "</style>",
            '<rect width="100%" height="100%" rx="8" fill="#1a1b26"/>',
            *rows,
            "</svg>\n",
        ]
    )


def _row(number: int, line: str) -> str:
    colour = next((fill for head, fill in _COLOURS if head.match(line)), _DEFAULT_COLOUR)
    y = MARGIN + (number + 1) * LINE_PIXELS - 4
    return (
        f'<text x="{MARGIN}" y="{y}" fill="{colour}" '
        f'style="animation-delay: {number * SECONDS_PER_LINE:.2f}s" '
        f'xml:space="preserve">{escape(line)}</text>'
    )


if __name__ == "__main__":
    _ = sys.stdout.write(svg(list(shown_lines(sys.stdin))))
