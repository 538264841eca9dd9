"""What is kept of a game day: a page with its timeline and a picture of the traffic and the spend, and the table of all of them."""
import html

colours = ("#2f6db0", "#c2571a", "#3b8f4a", "#8a5fb0", "#777777")
width, height, left, top, gap = 900, 190, 62, 28, 46


def samples(path, since, until):
    """By region: (seconds after `since`, requests a second, USD a second), from the traffic's cumulative counts."""
    found, former = {}, {}
    try:
        lines = open(path).read().splitlines()
    except OSError:
        return {}
    for line in lines:
        parts = line.split("\t")
        if len(parts) != 9:
            continue
        at, region, answered, spent = int(parts[0]) / 1000, parts[1], int(parts[3]), int(parts[6]) / 1e6
        before = former.get(region)
        former[region] = (at, answered, spent)
        # A run of the traffic begins at nothing.
        if before is None or answered < before[1] or at <= before[0] or not since <= at <= until:
            continue
        span = at - before[0]
        found.setdefault(region, []).append((at - since, (answered - before[1]) / span, (spent - before[2]) / span))
    return found


def smooth(values, reach=2):
    """The mean of some seconds, as single ones jump."""
    return [sum(values[max(0, at - reach):at + reach + 1]) / len(values[max(0, at - reach):at + reach + 1]) for at in range(len(values))]


def panel(title, series, marks, span, offset):
    most = max((value for values in series.values() for _, value in values), default=0) or 1
    x = lambda at: left + at / span * (width - left - 14)
    y = lambda value: offset + top + (1 - value / most) * (height - top)
    lines = [f'<text x="{left}" y="{offset + 16}" class="title">{html.escape(title)}</text>']
    for share in (0, 0.5, 1):
        lines.append(f'<line x1="{left}" x2="{width - 14}" y1="{y(most * share):.1f}" y2="{y(most * share):.1f}" class="grid"/>')
        lines.append(f'<text x="{left - 6}" y="{y(most * share) + 4:.1f}" class="tick" text-anchor="end">{most * share:.3g}</text>')
    for number, (region, values) in enumerate(sorted(series.items())):
        points = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in values)
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colours[number % len(colours)]}" stroke-width="1.6"/>')
        lines.append(f'<text x="{width - 16 - 90 * (len(series) - number)}" y="{offset + 16}" class="tick" '
                     f'style="fill:{colours[number % len(colours)]}">{html.escape(region)}</text>')
    for number, (name, at) in enumerate(marks):
        lines.append(f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{offset + top}" y2="{offset + height}" class="mark"/>')
        lines.append(f'<text x="{x(at) + 3:.1f}" y="{offset + top + 11 + 12 * (number % 5)}" class="name">{html.escape(name)}</text>')
    return lines


def picture(path, name, found, marks, span):
    """Two panels under one axis of seconds; marks are (what, seconds)."""
    series = lambda place: {
        region: list(zip([one[0] for one in values], smooth([one[place] for one in values]))) for region, values in found.items()}
    whole = 2 * (height + gap)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {whole}" font-family="sans-serif" role="img">',
        f"<title>{html.escape(name)}</title>",
        "<style>.title{font-size:13px;fill:#222}.tick{font-size:11px;fill:#555}.name{font-size:10px;fill:#a02020}"
        ".grid{stroke:#ddd}.mark{stroke:#a02020;stroke-dasharray:3 3}</style>",
        f'<rect width="{width}" height="{whole}" fill="white"/>']
    lines += panel(f"{name}: answered requests a second", series(1), marks, span, 0)
    lines += panel("billed, USD a second", series(2), marks, span, height + gap)
    for at in range(0, int(span) + 1, max(10, int(span / 8) // 10 * 10)):
        lines.append(f'<text x="{left + at / span * (width - left - 14):.1f}" y="{2 * height + gap + 16}" class="tick" text-anchor="middle">{at} s</text>')
    with open(path, "w") as file:
        file.write("\n".join(lines + ["</svg>"]) + "\n")


def page(path, day, line, run):
    text = [f"# {line['name']}", "", f"{day.what} Alert: {line['alert']}. {'Held.' if line['ok'] else 'FAILED: ' + '; '.join(line['wrong'])}", "",
            f"![traffic and spend]({line['name']}.svg)", "", "| seconds | what |", "|---|---|"]
    text += [f"| {at:.1f} | {what} |" for what, at in line["timeline"]]
    text += ["", f"Repaired by: {day.repair}", "", f"Money: {line['money']}", "", "Other alerts meanwhile: " + (", ".join(line["others"]) or "none")]
    text += ["", "Not run here: " + ("; ".join(line["notRunHere"]) or "nothing"), "", f"## The runbook {line['runbook']}, as it ran"]
    for step in run.steps if run else []:
        how = "left out" if step.status is None else f"ended with {step.status}"
        text += ["", f"Step {step.number}, {step.section}: {step.saying} ({how})", "", "```", step.printed.rstrip()[-4000:], "```"]
    with open(path, "w") as file:
        file.write("\n".join(text) + "\n")


def table(lines):
    rows = [("fault", "alert", "detected s", "runbook", "recovered s", "money", "")]
    for one in lines:
        seconds = lambda value: "-" if value is None else f"{value:.1f}"
        rows.append((one["name"], one["alert"], seconds(one["detectedSeconds"]), one["runbook"], seconds(one["recoveredSeconds"]),
                     one["moneyShort"], "ok" if one["ok"] else "skipped" if one["skipped"] else "not run" if one["notRun"] else "silent" if one["silent"] else "FAILED"))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join("  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip() for row in rows)
