"""changes.py PLAN: what a plan (as `terraform show -json` says it) would do, a line for each resource, sorted. What stays is
left out; outputs that change are named."""

import json
import sys


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    lines = []
    for change in plan.get("resource_changes", []):
        actions = change["change"]["actions"]
        if actions != ["no-op"]:
            lines.append(f"{'+'.join(actions)} {change['address']}")
    for name, change in plan.get("output_changes", {}).items():
        if change["actions"] != ["no-op"]:
            lines.append(f"{'+'.join(change['actions'])} output.{name}")
    for line in sorted(lines):
        print(line)


main()
