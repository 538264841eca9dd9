#!/usr/bin/env python3
"""Trains the demo's models: will an ad be watched to its end?

    train.py DIRECTORY [--seed N] [--catalog DIRECTORY] [--plot FILE] [--against PACKAGE]

DIRECTORY has features.json, whose columns are what the models learn from; all else of a package is written into it but
the checksums, which `paceline model pack` adds. The viewing is made up (traffic.py). Of its six weeks the first only
fills profiles, three are learnt from, one calibrates, and the last is seen by nothing but the plot.

    completion.txt          LightGBM, 80 trees; learns from all ads that were left and one in three that were watched
    completion.json         so it believes too little: a beta calibrator puts that right, on a week of all views
    completion-small.txt    24 trees of 8 leaves that learn what the calibrated model says, of all views
    completion-wide.txt     40 trees of 31 leaves, with a calibrator of their own: a shadow, to be compared with
    *.golden.jsonl          what LightGBM itself says of rows, the least usual ones among them
    training.json           the seed, the versions of what trained, and how well it went

--against compares what was made with a package: 0 where it is the same, or says the same of the golden rows to a
millionth (numpy's exp and log differ in the last bit from processor to processor); 77 where other versions made it and
it differs; 1 where it just differs.
"""

import argparse
import json
import math
import pathlib
import sys

import lightgbm
import numpy as np

import plot
import traffic

SEED = 20_261_120
WEEK = 7 * traffic.DAY
# One in so many watched ads is learnt from.
THINNING = 3
# The same model from the same rows: one thread, and no choice by the machine's speed.
SAME = {"num_threads": 1, "deterministic": True, "force_row_wise": True, "seed": 1, "verbosity": -1}
FULL = SAME | {"objective": "binary", "learning_rate": 0.08, "num_leaves": 15, "min_data_in_leaf": 100, "lambda_l2": 1.0}
WIDE = FULL | {"learning_rate": 0.16, "num_leaves": 31}
SMALL = SAME | {"objective": "cross_entropy", "learning_rate": 0.25, "num_leaves": 8, "min_data_in_leaf": 100}
FULL_TREES, SMALL_TREES, WIDE_TREES = 80, 24, 40
GOLDEN_ROWS = 64
MODELS = ["completion", "completion-small", "completion-wide"]
# Beyond what the last bits of exp and log can do, far below what a prediction is worth.
SAME_WITHIN = 1e-6


def rows(views, columns):
    """As models are given them: single precision, in the order of the schema."""
    genres = next(one["categories"] for one in columns if one["name"] == "genre")
    place = [genres.index(name) for name, _ in traffic.GENRES]
    by_name = {
        "hour": [v.hour for v in views], "deviceType": [v.device for v in views],
        "genre": [place[v.genre] for v in views], "isLive": [v.live for v in views],
        "user.completes7d": [v.completes for v in views], "user.watched7d": [v.watched for v in views],
        "seconds": [v.seconds for v in views], "creative.completion30d": [v.completion for v in views],
    }
    return np.array([by_name[one["name"]] for one in columns], dtype=np.float32).T.astype(np.float64)


def fit(settings, trees, x, y, columns):
    names = [one["name"] for one in columns]
    categories = [one["name"] for one in columns if one.get("type") == "category"]
    data = lightgbm.Dataset(x, y, feature_name=names, categorical_feature=categories, params={"verbosity": -1})
    return lightgbm.train(settings, data, num_boost_round=trees)


def beta(p, y):
    """The three numbers of a beta calibrator (Kull, Silva Filho, Flach): a logistic regression, by Newton's steps."""
    p = np.clip(p, 2.0**-52, 1 - 2.0**-52)
    x = np.stack([np.log(p), -np.log1p(-p), np.ones_like(p)], axis=1)
    weights = np.array([1.0, 1.0, 0.0])
    for _ in range(50):
        q = 1 / (1 + np.exp(-(x @ weights)))
        step = np.linalg.solve((x * (q * (1 - q))[:, None]).T @ x, x.T @ (y - q))
        weights = weights + step
        if np.abs(step).max() < 1e-12:
            break
    a, b, c = (float(w) for w in weights)
    if a < 0 or b < 0:
        sys.exit(f"train.py: the calibrator would turn the order of predictions round: a {a}, b {b}")
    return {"kind": "beta", "a": a, "b": b, "c": c}


def calibrated(p, calibrator):
    p = np.clip(p, 2.0**-52, 1 - 2.0**-52)
    return 1 / (1 + np.exp(-(calibrator["a"] * np.log(p) - calibrator["b"] * np.log1p(-p) + calibrator["c"])))


def golden_rows(x, random):
    """Some of the views, then each column missing, then values at the ends and beyond."""
    chosen = x[(random.random(GOLDEN_ROWS - x.shape[1] - 3) * len(x)).astype(int)]
    missing = np.repeat(x[:1], x.shape[1], axis=0)
    np.fill_diagonal(missing, np.nan)
    ends = np.stack([np.full(x.shape[1], np.nan), np.nanmin(x, axis=0) - 1, np.nanmax(x, axis=0) + 1])
    return np.concatenate([chosen, missing, ends])


def write_golden(path, model, x, calibrator):
    raw, said = model.predict(x, raw_score=True), model.predict(x)
    with open(path, "w") as file:
        for row, score, prediction in zip(x, raw, calibrated(said, calibrator) if calibrator else said):
            values = [None if math.isnan(v) else float(v) for v in row]
            file.write(json.dumps({"row": values, "raw": [float(score)], "prediction": float(prediction)}) + "\n")


def quality(p, y):
    """Log loss, the area under the curve, and by how much predictions miss in the mean over bins of equal count."""
    p = np.clip(p, 1e-15, 1 - 1e-15)
    order = np.argsort(p, kind="stable")
    ranks = np.empty(len(p))
    ranks[order] = np.arange(1, len(p) + 1)
    ones = y.sum()
    return {
        "logLoss": round(float(-np.mean(y * np.log(p) + (1 - y) * np.log1p(-p))), 5),
        "auc": round(float((ranks[y > 0].sum() - ones * (ones + 1) / 2) / (ones * (len(y) - ones))), 4),
        "calibrationError": round(plot.miss(p, y), 5),
        "mean": round(float(p.mean()), 5),
    }


def main():
    arguments = argparse.ArgumentParser(description="Trains the demo's models.")
    arguments.add_argument("directory", type=pathlib.Path)
    arguments.add_argument("--seed", type=int, default=SEED)
    arguments.add_argument("--catalog", default="Examples/catalog")
    arguments.add_argument("--against", type=pathlib.Path, help="a package to compare with")
    arguments.add_argument("--plot", help="where the calibration plot goes, a PNG")
    given = arguments.parse_args()
    columns = json.loads((given.directory / "features.json").read_text())["features"]

    views = list(traffic.views(given.seed, given.catalog))
    weeks = np.array([(v.at - traffic.START) // WEEK for v in views])
    x, y = rows(views, columns), np.array([float(v.done) for v in views])
    random = np.random.default_rng([given.seed, 2])
    thinned = (weeks >= 1) & (weeks <= 3) & ((y == 0) | (random.random(len(y)) < 1 / THINNING))
    whole, week4, week5 = (weeks >= 1) & (weeks <= 3), weeks == 4, weeks >= 5

    full = fit(FULL, FULL_TREES, x[thinned], y[thinned], columns)
    calibrator = beta(full.predict(x[week4]), y[week4])
    small = fit(SMALL, SMALL_TREES, x[whole], calibrated(full.predict(x[whole]), calibrator), columns)
    wide = fit(WIDE, WIDE_TREES, x[thinned], y[thinned], columns)
    wide_calibrator = beta(wide.predict(x[week4]), y[week4])
    hard = golden_rows(x[week5], random)
    for name, model, after in zip(MODELS, [full, small, wide], [calibrator, None, wide_calibrator]):
        model.save_model(given.directory / f"{name}.txt")
        if after:
            (given.directory / f"{name}.json").write_text(json.dumps(after) + "\n")
        write_golden(given.directory / f"{name}.golden.jsonl", model, hard, after)

    truth = y[week5]
    before = full.predict(x[week5])
    sets = [("full, as LightGBM says it", before), ("full, calibrated", calibrated(before, calibrator)),
            ("distilled", small.predict(x[week5]))]
    shadow = calibrated(wide.predict(x[week5]), wide_calibrator)
    facts = {
        "seed": given.seed, "lightgbm": lightgbm.__version__, "numpy": np.__version__,
        "views": {"learntFrom": int(thinned.sum()), "calibratedOn": int(week4.sum()), "heldOut": int(week5.sum())},
        "heldOutMean": round(float(truth.mean()), 5), "heldOut": {name: quality(p, truth) for name, p in sets + [("wide, calibrated", shadow)]},
    }
    (given.directory / "training.json").write_text(json.dumps(facts, indent=2) + "\n")
    write_list(given.directory / "models.json", round(float(y[week4].mean()), 4))
    if given.plot:
        plot.draw(given.plot, truth, sets)
    print(json.dumps(facts["heldOut"], indent=2))
    if given.against:
        sys.exit(compared(given.directory, given.against))


def compared(made, package):
    """How what was made compares with a package, as a status to exit with."""
    names = [f"{model}.{kind}" for model in MODELS for kind in ["txt", "golden.jsonl"]]
    names += ["completion.json", "completion-wide.json", "training.json", "features.json"]
    others = [name for name in names if (made / name).read_bytes() != (package / name).read_bytes()]
    if not others:
        print(f"{package}: the same bytes, all {len(names)} files that training makes")
        return 0

    def said(folder):
        lines = [line for model in MODELS for line in (folder / f"{model}.golden.jsonl").read_text().splitlines()]
        return np.array([json.loads(line)["prediction"] for line in lines])

    furthest = float(np.abs(said(made) - said(package)).max())
    if furthest <= SAME_WITHIN:
        print(f"{package}: the same predictions within {SAME_WITHIN}, other bytes in {', '.join(others)}")
        return 0
    theirs = json.loads((package / "training.json").read_text())
    print(f"{package}: predictions differ by up to {furthest}; it was made by LightGBM {theirs['lightgbm']} and numpy "
          f"{theirs['numpy']}, here are {lightgbm.__version__} and {np.__version__}")
    return 1 if (theirs["lightgbm"], theirs["numpy"]) == (lightgbm.__version__, np.__version__) else 77


def write_list(path, prior):
    one = {"goal": "completedView", "version": 2, "parent": 1, "featuresVersion": 2}
    path.write_text(json.dumps({
        "schema": "paceline/models/1", "features": "features.json",
        "models": [
            one | {"tier": "full", "file": "completion.txt", "calibrator": "completion.json",
                   "golden": "completion.golden.jsonl", "latencyMicroseconds": 5000},
            one | {"tier": "distilled", "file": "completion-small.txt",
                   "golden": "completion-small.golden.jsonl", "latencyMicroseconds": 1000},
            one | {"role": "shadow", "name": "wide", "file": "completion-wide.txt", "calibrator": "completion-wide.json",
                   "golden": "completion-wide.golden.jsonl"},
        ],
        "completedViewPrior": prior,
    }, indent=2) + "\n")


if __name__ == "__main__":
    main()
