"""Solves pod problems, as `paceline pod solve` reads them, as integer programs with HiGHS by way of SciPy.

Reads one problem a file from the folder that is named, and prints a line for each: the file's name and the optimum of
each tier in micros. The model: x[c,s] places candidate c in segment s; positions only matter where premiums or
neighbours do, and such problems are solved with a variable for each candidate and place.
"""

import json
import pathlib
import sys
from decimal import Decimal

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_matrix

TIERS = ["sponsorship", "guaranteed", "open"]


def micros(amount):
    return int(Decimal(amount) * 1_000_000)


def floor(imp, seconds):
    ranged = [micros(f["bidfloor"]) for f in imp["durfloors"] if f["mindur"] <= seconds <= f["maxdur"]]
    return max(max(ranged) if ranged else micros(imp["bidfloor"]), micros(imp["mincpmpersec"]) * seconds)


def admitted(imp, ad):
    seconds = ad["duration"]
    if imp["rqddurs"]:
        if seconds not in imp["rqddurs"]:
            return False
    elif not imp["minduration"] <= seconds <= imp["maxduration"]:
        return False
    return seconds <= imp.get("poddur", seconds) and micros(ad["price"]) >= floor(imp, seconds)


def conflict(problem, a, b):
    dedupe = problem["poddedupe"]
    shared = set(a["categories"]) & set(b["categories"])
    return (
        (1 in dedupe and a["advertiser"] == b["advertiser"])
        or (2 in dedupe and bool(shared))
        or (3 in dedupe and a["creative"] == b["creative"])
        or (4 in dedupe and a["mediaFile"] == b["mediaFile"])
        or bool(shared & set(problem["apartInPod"]))
        or bool(set(a["avoids"]) & set(b["categories"]))
        or bool(set(b["avoids"]) & set(a["categories"]))
    )


def solve(problem):
    ads, imps = problem["candidates"], problem["impressions"]
    # A place is a slot, or the nth ad of a dynamic part; a part is filled from its first place on.
    places = [(s, n) for s, imp in enumerate(imps) for n in range(imp.get("maxseq", 1))]
    x = {}
    for c, ad in enumerate(ads):
        for p, (s, _) in enumerate(places):
            if s in ad["impressions"] and admitted(imps[s], ad):
                x[c, p] = len(x)
    count = len(x)
    if count == 0:
        return {tier: 0 for tier in TIERS}
    # Which of the ads in the last segment is its last: y[c, p], only where there is a premium for it.
    last_segment = len(imps) - 1
    y = {}
    if micros(problem["lastPremium"]) > 0:
        for (c, p) in x:
            if places[p][0] == last_segment:
                y[c, p] = count + len(y)
    rows, low, high = [], [], []

    def row(terms, most, least=-np.inf):
        rows.append(terms)
        low.append(least)
        high.append(most)

    for c in range(len(ads)):
        row([(x[c, p], 1) for p in range(len(places)) if (c, p) in x], 1)
    for p in range(len(places)):
        row([(x[c, p], 1) for c in range(len(ads)) if (c, p) in x], 1)
    for p in range(len(places) - 1):
        if places[p][0] == places[p + 1][0]:
            here = [(x[c, p], -1) for c in range(len(ads)) if (c, p) in x]
            row([(x[c, p + 1], 1) for c in range(len(ads)) if (c, p + 1) in x] + here, 0)
    for s, imp in enumerate(imps):
        if "poddur" in imp:
            row([(v, ads[c]["duration"]) for (c, p), v in x.items() if places[p][0] == s], imp["poddur"])
    used = {c: [(x[c, p], 1) for p in range(len(places)) if (c, p) in x] for c in range(len(ads))}
    for a in range(len(ads)):
        for b in range(a + 1, len(ads)):
            if used[a] and used[b] and conflict(problem, ads[a], ads[b]):
                row(used[a] + used[b], 1)
    # Neighbours: at most one of two consecutive places holds an ad of the category, empty places between them or not.
    for category in problem["apartWhenAdjacent"]:
        bearers = [c for c in range(len(ads)) if category in ads[c]["categories"]]
        at = lambda p: [(x[c, p], 1) for c in bearers if (c, p) in x]
        for p in range(len(places)):
            for q in range(p + 1, len(places)):
                between = [
                    (x[c, r], -1) for r in range(p + 1, q) for c in range(len(ads)) if (c, r) in x
                ]
                row(at(p) + at(q) + between, 1)
    for (c, p), v in y.items():
        row([(v, 1), (x[c, p], -1)], 0)
        if p + 1 < len(places):
            row([(v, 1)] + [(x[d, p + 1], 1) for d in range(len(ads)) if (d, p + 1) in x], 1)
    if y:
        row([(v, 1) for v in y.values()], 1)

    size = count + len(y)
    gains = {tier: np.zeros(size) for tier in TIERS}
    for (c, p), v in x.items():
        value = micros(ads[c]["value"])
        first = value * micros(problem["firstPremium"]) // 1_000_000 if p == 0 else 0
        gains[ads[c]["tier"]][v] = value + first
        if (c, p) in y:
            last = value * micros(problem["lastPremium"]) // 1_000_000
            # A lone ad gets the larger of the two: only where the pod is one segment can it be first and last.
            gains[ads[c]["tier"]][y[c, p]] = max(last - first, 0) if p == 0 and len(imps) == 1 else last
    best = {}
    for tier in TIERS:
        if gains[tier].any():
            data = [(i, j, k) for i, terms in enumerate(rows) for j, k in terms]
            i, j, k = zip(*data)
            matrix = coo_matrix((k, (i, j)), shape=(len(rows), size))
            result = milp(
                -gains[tier], constraints=LinearConstraint(matrix, low, high), bounds=Bounds(0, 1),
                integrality=np.ones(size), options={"mip_rel_gap": 0, "time_limit": 60},
            )
            if result.status != 0:
                raise SystemExit(f"HiGHS did not finish: {result.message}")
            best[tier] = int(round(gains[tier] @ np.round(result.x)))
            # Later tiers keep what the earlier ones have, to within what a solver in floating point can hold.
            row([(j, g / 1e6) for j, g in enumerate(gains[tier]) if g], np.inf, best[tier] / 1e6 - 1e-6)
        else:
            best[tier] = 0
    return best


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    best = solve(json.loads(path.read_text(), parse_float=Decimal))
    print(path.name, *(best[tier] for tier in TIERS), flush=True)
