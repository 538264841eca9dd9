"""Configures a Prometheus for a few exporters, and asks it every query of the rules and the dashboards."""
import json
import pathlib
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

OBSERVABILITY = pathlib.Path("nixos/observability")

def configure(work, nodes, coordinator, patroni):
    jobs = [("paceline-node", target, region) for target, region in zip(nodes.split(), "ab")]
    jobs += [("paceline-coordinator", coordinator, "a"), ("patroni", patroni, "a")]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [f"{work}/rules.yml"],
        "scrape_configs": [
            {
                "job_name": job,
                "static_configs": [
                    {"targets": [target], "labels": {"region": region, "cloud": "here"}}
                    for name, target, region in jobs
                    if name == job
                ],
            }
            for job in dict.fromkeys(name for name, _, _ in jobs)
        ],
    }
    # JSON is YAML.
    pathlib.Path(work, "prometheus.yml").write_text(json.dumps(config))


def result(url, query):
    """What Prometheus finds, or the sentence with which it refuses."""
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': query})}") as answer:
            return json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError as error:
        return str(error)


def ask_dashboards(url):
    """Every panel has data."""
    wrong, answered = [], 0
    for board in sorted(OBSERVABILITY.glob("dashboards/*.json")):
        for panel in json.loads(board.read_text())["panels"]:
            for target in panel["targets"]:
                query = target["expr"].replace("$__rate_interval", "10s").replace("$region", ".*").replace("[1h]", "[10s]")
                found = result(url, query)
                if isinstance(found, str):
                    wrong.append(f"{board.stem}: {query}: {found}")
                elif found:
                    answered += 1
                else:
                    wrong.append(f"{board.stem}: {query} finds nothing")
    print(f"dashboards: {answered} queries have data, {len(wrong)} do not")
    return wrong


def ask_runbooks(url):
    """Every query of a step is one that Prometheus takes; whether it finds something depends on the night."""
    wrong, taken = [], 0
    for page in sorted(pathlib.Path("runbooks").glob("*.md")):
        for query in re.findall(r"promtool query instant \"\$PROMETHEUS\" (?:'([^']*)'|\"((?:[^\"\\]|\\.)*)\")", page.read_text()):
            plain = re.sub(r"\$[A-Z]+", "a", query[0] or query[1].replace('\\"', '"'))
            found = result(url, plain)
            if isinstance(found, str):
                wrong.append(f"{page.name}: {plain}: {found}")
            else:
                taken += 1
    print(f"runbooks: {taken} queries are taken, {len(wrong)} are not")
    return wrong


def ask_rules(url):
    """Every rule was evaluated without an error."""
    with urllib.request.urlopen(f"{url}/api/v1/rules") as answer:
        rules = [rule for group in json.load(answer)["data"]["groups"] for rule in group["rules"]]
    wrong = [f"{rule['name']}: {rule.get('lastError', 'not evaluated')}" for rule in rules if rule["health"] != "ok"]
    print(f"rules: {len(rules)} evaluated, {len(wrong)} with errors")
    return wrong


def ask(url):
    wrong = ask_dashboards(url) + ask_runbooks(url) + ask_rules(url)
    for line in wrong:
        print(f"failed: {line}")
    return not wrong


if sys.argv[1] == "configure":
    configure(*sys.argv[2:])
else:
    for _ in range(20):
        try:
            urllib.request.urlopen(f"{sys.argv[2]}/-/ready")
            break
        except OSError:
            time.sleep(0.5)
    sys.exit(0 if ask(sys.argv[2]) else 1)
