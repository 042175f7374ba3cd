#!/usr/bin/env python3
"""Makes RESULTS.md and its plots of what the benchmarks printed.

    report.py DIRECTORY      with facts.txt, tables.md, and points.tsv: plot, series, x, y
"""
import html
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
WIDTH = 860
INK, PALE, GRID = "#24292f", "#57606a", "#d8dee4"
COLOURS = ["#0969da", "#bf3989", "#1a7f37", "#9a6700", "#8250df"]


def read_points(path):
    """What was measured: {plot: {series: [(x, y), ...]}}; of one x in one series the last counts."""
    plots = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        plot, series, x, y = line.split("\t")
        plots.setdefault(plot, {}).setdefault(series, {})[x] = float(y)
    return {plot: {name: list(points.items()) for name, points in all_series.items()}
            for plot, all_series in plots.items()}


class Drawing:
    """An SVG picture, grown downwards."""

    def __init__(self, title, subtitle):
        self.parts = []
        self.height = 66
        self.text(20, 30, title, size=18, weight="bold")
        self.text(20, 50, subtitle, colour=PALE)

    def text(self, x, y, words, size=13, colour=INK, anchor="start", weight="normal"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
                          f'font-weight="{weight}">{html.escape(words)}</text>')

    def line(self, x1, y1, x2, y2, colour=GRID, width=1):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
                          f'stroke-width="{width}"/>')

    def dot(self, x, y, colour, radius=5):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>')

    def box(self, x, y, wide, high, colour):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{colour}"/>')

    def path(self, places, colour):
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        self.parts.append(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2"/>')

    def write(self, path):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self.height}" '
                f'viewBox="0 0 {WIDTH} {self.height}" font-family="system-ui, Helvetica, Arial, sans-serif">')
        paper = f'<rect width="{WIDTH}" height="{self.height}" fill="white"/>'
        path.write_text("\n".join([head, paper, *self.parts, "</svg>", ""]))


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def colour_of(label):
    return COLOURS[0] if label.startswith("sluice") else PALE if label.startswith("by hand") else COLOURS[1]


def draw_cpu(panels, path):
    """A row for each who sends; the axis is logarithmic, for they are far apart."""
    drawing = Drawing("CPU time per record, in microseconds",
                      "From put to outcome, HTTPS to another process. Further left is better; each line of the grid is "
                      "2 or 2.5 times the one before.")
    values = [y for points in panels.values() for _, y in points]
    ticks = [m * 10.0 ** e for e in range(-2, 4) for m in (1, 2, 5)]
    low = max(t for t in ticks if t <= min(values))
    high = min(t for t in ticks if t >= max(values))
    left, right = 300, WIDTH - 70

    def place(value):
        return left + (right - left) * math.log(value / low) / math.log(high / low)

    for panel, points in panels.items():
        top = drawing.height + 26
        bottom = top + 24 * len(points) + 6
        drawing.text(20, top - 8, f"Records of {panel}", size=14, weight="bold")
        for tick in (t for t in ticks if low <= t <= high):
            drawing.line(place(tick), top, place(tick), bottom)
            drawing.text(place(tick), bottom + 16, f"{tick:g}", size=11, colour=PALE, anchor="middle")
        for row, (label, value) in enumerate(sorted(points, key=lambda point: point[1])):
            y = top + 18 + 24 * row
            drawing.text(left - 12, y + 4, label, anchor="end")
            drawing.line(left, y, place(value), y, colour_of(label), 2)
            drawing.dot(place(value), y, colour_of(label))
            drawing.text(place(value) + 10, y + 4, number(value), size=12, weight="bold")
        drawing.height = bottom + 36
    drawing.write(path)


def draw_scale(panels, path):
    """A panel for each thing that grows. Flat is what is wanted, so the axes begin at zero and are the same."""
    drawing = Drawing("CPU time per record, in microseconds, as things grow",
                      "From put to outcome, 100 B each, HTTPS to another process. Flat is good.")
    high = 1.15 * max(y for all_series in panels.values() for points in all_series.values() for _, y in points)
    step = next(s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if high / s <= 6)
    wide, tall = (WIDTH - 110) / 2, 190
    names = list(dict.fromkeys(name for all_series in panels.values() for name in all_series))
    for i, name in enumerate(names):
        drawing.dot(26 + 190 * i, 72, COLOURS[i % len(COLOURS)])
        drawing.text(36 + 190 * i, 76, name)
    drawing.height = 90
    for i, (panel, all_series) in enumerate(panels.items()):
        left = 50 + (i % 2) * (wide + 40)
        top = drawing.height + 30 + (i // 2) * (tall + 70)
        drawing.text(left, top - 10, panel, size=14, weight="bold")
        for n in range(int(high / step) + 1):
            y = top + tall * (1 - n * step / high)
            drawing.line(left, y, left + wide, y)
            drawing.text(left - 8, y + 4, f"{n * step:g}", size=11, colour=PALE, anchor="end")
        marks = sorted({x for points in all_series.values() for x, _ in points}, key=float)
        places = {x: left + wide * (n + 0.5) / len(marks) for n, x in enumerate(marks)}
        for x in marks:
            drawing.text(places[x], top + tall + 18, f"{int(x):,}", size=11, colour=PALE, anchor="middle")
        for name, points in all_series.items():
            colour = COLOURS[names.index(name) % len(COLOURS)]
            dots = [(places[x], top + tall * (1 - y / high)) for x, y in sorted(points, key=lambda p: float(p[0]))]
            drawing.path(dots, colour)
            for (x, y), (mark, value) in zip(dots, sorted(points, key=lambda p: float(p[0]))):
                drawing.dot(x, y, colour, 4)
                top_most = value == max(dict(others)[mark] for others in all_series.values() if mark in dict(others))
                drawing.text(x, y - 9 if top_most else y + 18, number(value), size=11, colour=colour, anchor="middle")
    drawing.height += 30 + (len(panels) + 1) // 2 * (tall + 70)
    drawing.write(path)


def draw_spread(rows, path):
    """A row of bars for each partitioning, a bar for each shard. Even bars are good; red is twice the mean or more."""
    drawing = Drawing("Records of each shard, by partitioning",
                      "200,000 clicks of 10,000 users, some far busier than others, on 16 shards. Even is good; the line "
                      "is the mean.")
    left, right, tall = 260, WIDTH - 110, 34
    for name, points in rows.items():
        counts = [y for _, y in points]
        mean, most = sum(counts) / len(counts), max(counts)
        bottom = drawing.height + 8 + tall
        drawing.text(left - 12, bottom - 12, name, anchor="end")
        wide = (right - left) / len(counts)
        scale = tall / max(most, 2 * mean)
        for place, count in enumerate(counts):
            colour = COLOURS[1] if count >= 2 * mean else COLOURS[0]
            high = max(count * scale, 0.5)
            drawing.box(left + place * wide + 2, bottom - high, wide - 4, high, colour)
        drawing.line(left, bottom - mean * scale, right, bottom - mean * scale, INK)
        drawing.text(right + 10, bottom - 12, f"{most / mean:.2f} x mean", size=12, weight="bold")
        drawing.height = bottom + 6
    drawing.height += 20
    drawing.write(path)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    given = pathlib.Path(sys.argv[1])
    plots = read_points(given / "points.tsv")
    pictures = []
    if "cpu" in plots:
        draw_cpu(plots["cpu"], HERE / "cpu.svg")
        pictures.append("![CPU time per record, of sluice, by hand, and of others](cpu.svg)")
    scale = {name.removeprefix("scale: "): plot for name, plot in plots.items() if name.startswith("scale: ")}
    if scale:
        draw_scale(scale, HERE / "scale.svg")
        pictures.append("![CPU time per record as shards, lanes, buffered records and threads grow](scale.svg)")
    if "spread" in plots:
        draw_spread(plots["spread"], HERE / "spread.svg")
        pictures.append("![Records of each shard, for each partitioning](spread.svg)")
    tables = (given / "tables.md").read_text().strip()
    (HERE / "RESULTS.md").write_text("\n\n".join([
        "# Results",
        "Medians of one run of `benchmarks/run.sh`. Each row compares ours with a yardstick of the same run: the "
        "ratio, which is the median of the rounds' ratios, says more than the figures, which are those of one machine "
        "at one time.",
        (given / "facts.txt").read_text().strip(), *pictures, tables]) + "\n")


if __name__ == "__main__":
    main()
