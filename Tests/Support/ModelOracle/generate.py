"""Trains many small models with LightGBM, XGBoost and CatBoost, and writes what each says of rows that are hard to get right.

    generate.py DIRECTORY --seed N --lightgbm N --xgboost N --catboost N

For each model there are two files: the model as its library saves it, and NAME.rows with its raw scores. The first line of the latter
says what the model was trained with; then each line is one row: its values, a bar, its raw scores, all as hexadecimal floats.
A library that is not installed is left out, which standard output says.
"""

import argparse
import importlib
import pathlib


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--seed", type=int, required=True)
    for library in ("lightgbm", "xgboost", "catboost"):
        parser.add_argument(f"--{library}", type=int, default=0)
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    for library in ("lightgbm", "xgboost", "catboost"):
        count = getattr(options, library)
        if count == 0:
            continue
        try:
            version = importlib.import_module(library).__version__
        except ImportError:
            print(f"{library} missing")
            continue
        importlib.import_module(f"{library}_cases").write(options.directory, options.seed, count)
        print(f"{library} {version}: {count} models, seed {options.seed}")


if __name__ == "__main__":
    main()
