"""exceptions.py REPORT: what checkov found (-o json) is what checkov.yaml lists with reasons: nothing more, and nothing that is
listed and not found any more."""

import json
import pathlib
import re
import sys


def main() -> None:
    listed = set(re.findall(r"^  - (CKV\w+)$", pathlib.Path(__file__).with_name("checkov.yaml").read_text(), re.MULTILINE))
    with open(sys.argv[1], encoding="utf-8") as file:
        results = json.load(file)["results"]
    found: dict[str, list[str]] = {}
    for check in results["failed_checks"]:
        found.setdefault(check["check_id"], []).append(f"{check['resource']} ({check['file_path']}): {check['check_name']}")
    wrong = 0
    for identifier in sorted(found.keys() - listed):
        wrong += 1
        print(f"error: {identifier}: " + "\n  ".join(found[identifier]))
    for identifier in sorted(listed - found.keys()):
        wrong += 1
        print(f"error: {identifier} is listed in checkov.yaml, and nothing is found by it: take it out")
    passed = len(results["passed_checks"])
    print(f"checkov: {passed} passed, {len(found)} kinds of findings, each with its reason")
    sys.exit(wrong > 0)


main()
