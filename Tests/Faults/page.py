"""The table of docs/faults.md, between its marks, from what a run has seen."""
from fleet import must

begin, end = "<!-- begin: written by Tests/Faults/check --page -->", "<!-- end -->"


def seconds(milliseconds):
    return "never" if milliseconds is None else f"{milliseconds / 1000:.1f}"


def verdict(line):
    if "skipped" in line:
        return f"skipped: {line['skipped']}"
    if "failed" in line:
        return f"**failed**: {line['failed']}"
    wrong = [f"{one['kind']}: {one['what']}" for one in line["discrepancies"][:2]]
    if line["notReady"]:
        wrong.append("not ready: " + ", ".join(line["notReady"]))
    return "**" + "; ".join(wrong) + "**" if wrong else "holds"


def row(line):
    if "bills" not in line:
        return f"| {line['fault']} | {line['what']} | | | | {verdict(line)} |"
    gap = " / ".join(seconds(one["longestGapMilliseconds"]) for one in line["regions"])
    resumed = " / ".join(seconds(one["resumedMilliseconds"]) for one in line["regions"])
    seen = [verdict(line)]
    if line["refused"]:
        seen.append(f"{line['refused']} bills refused")
    if line["lost"]:
        seen.append(f"{line['lost']} given up")
    seen += [f"{name} ended by itself {len(codes)} times ({', '.join(map(str, sorted(set(codes))))})"
             for name, codes in line["endedByThemselves"].items()]
    if line["seen"]:
        seen.append(line["seen"])
    return (f"| {line['fault']} | {line['what']} | {line['acknowledged']} of {line['bills']} | {gap} | "
            f"{resumed} (≤ {line['boundSeconds']}) | {'; '.join(seen)} |")


def write(path, lines):
    text = open(path).read()
    must(begin in text and end in text, f"{path} has no marks for the table")
    times = sorted(one["at"][:16].replace("T", " ") for one in lines if "at" in one)
    bills = sum(one.get("acknowledged", 0) for one in lines)
    micros = sum(one.get("micros", 0) for one in lines)
    rows = [f"Seen from {times[0]} to {times[-1]} UTC: {bills} bills of {micros / 1e6:.2f} USD acknowledged in all.", "",
            "| fault | what was done | bills acknowledged | longest time without an ad, by region, s | sold again behind the healing, s | seen |",
            "|---|---|---|---|---|---|", *(row(one) for one in lines)]
    before, rest = text.split(begin, 1)
    with open(path, "w") as file:
        file.write(before + begin + "\n" + "\n".join(rows) + "\n" + end + rest.split(end, 1)[1])
