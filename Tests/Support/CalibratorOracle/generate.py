"""Fits calibrators with scikit-learn and betacal, and writes what they say of scores.

    generate.py DIRECTORY --seed N

For each calibrator NAME.json there is NAME.rows: each line is a score, a bar and its probability, as hexadecimal floats.
"""

import argparse
import json
import pathlib

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression


def write(folder, name, document, scores, probabilities):
    (folder / f"{name}.json").write_text(json.dumps(document))
    with open(folder / f"{name}.rows", "w", encoding="ascii") as out:
        for score, probability in zip(scores, probabilities):
            print(f"{float(score).hex()}|{float(probability).hex()}", file=out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(options.seed)
    for case in range(20):
        count = int(rng.integers(30, 2000))
        truth = rng.beta(0.7, 4, count)
        happened = (rng.random(count) < truth).astype(int)
        happened[:2] = [0, 1]
        scores = truth ** rng.uniform(0.4, 2.0)
        wide = np.log(scores / (1 - scores)) * rng.uniform(0.5, 2)

        isotonic = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1).fit(wide, happened)
        x, y = isotonic.X_thresholds_, isotonic.y_thresholds_
        # On every point, beside it, between, and far outside.
        tried = np.concatenate([x, np.nextafter(x, 9e9), np.nextafter(x, -9e9), rng.normal(0, 3, 300), [-1e6, 1e6]])
        write(options.directory, f"isotonic-{case}", {"kind": "isotonic", "scores": list(x), "probabilities": list(y)}, tried, isotonic.predict(tried))

        platt = LogisticRegression(C=1e6).fit(wide[:, None], happened)
        tried = np.concatenate([rng.normal(0, 6, 300), [-1e3, 1e3, 0]])
        write(options.directory, f"platt-{case}", {"kind": "platt", "slope": platt.coef_[0][0], "intercept": platt.intercept_[0]},
              tried, platt.predict_proba(tried[:, None])[:, 1])

        edges = np.sort(rng.random(int(rng.integers(2, 40))))
        values = rng.random(len(edges) - 1)
        tried = np.concatenate([edges, np.nextafter(edges, 2), np.nextafter(edges, -2), rng.uniform(-0.5, 1.5, 200)])
        bins = np.clip(np.digitize(tried, edges) - 1, 0, len(values) - 1)
        write(options.directory, f"binned-{case}", {"kind": "binned", "edges": list(edges), "probabilities": list(values)}, tried, values[bins])

        try:
            from betacal import BetaCalibration
        except ImportError:
            continue
        beta = BetaCalibration(parameters="abm").fit(scores[:, None], happened)
        a, b, m = beta.calibrator_.map_
        c = beta.calibrator_.lr_.intercept_[0]
        tried = np.concatenate([rng.random(300), [0.0, 1.0, 1e-300, 0.5]])
        write(options.directory, f"beta-{case}", {"kind": "beta", "a": float(a), "b": float(b), "c": float(c)}, tried, beta.predict(tried))
    print(f"calibrators, seed {options.seed}")


if __name__ == "__main__":
    main()
