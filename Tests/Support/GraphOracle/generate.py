"""Writes ONNX graphs with rows and what ONNX Runtime says of them.

    generate.py DIRECTORY --seed N

For each graph NAME.onnx there is NAME.rows: each line is one row, its values, a bar, the numbers of all outputs, as
hexadecimal floats. Labels that are strings are written as the number of their class. The graphs are random by their
seed; so are the rows, with what is hard among them: NaN, infinities, zeros, numbers of any size.
"""

import argparse
import pathlib

import numpy as np
import onnxruntime


def rows(rng, kind, width, count):
    x = rng.standard_normal((count, width)) * 2
    if kind == "wild":
        x *= 10.0 ** rng.integers(-12, 3, x.shape)
        hard = [0.0, -0.0, np.nan, np.inf, -np.inf, 1.0, -1.0, 0.5, 88.8, -104.0, 1e-40, 3e38]
        for row in range(0, count, 3):
            x[row, rng.integers(width)] = hard[rng.integers(len(hard))]
    elif kind == "positive":
        x = np.abs(x) + 1e-3
    elif kind in ("whole", "category"):
        x = rng.integers(0, 6, x.shape).astype(float)
    elif kind == "tree":
        # On the thresholds, beside them, and where nothing is.
        x = rng.choice([0.0, 1.0, 2.0, 3.0, 0.5, 1.0000001, 0.99999994, -1.0, 1.5, np.nan, 1e9], x.shape)
    elif kind == "missing":
        x[rng.random(x.shape) < 0.2] = np.nan
    elif kind == "columns":
        x[:, -2:] = rng.integers(0, 7, (count, 2))
    elif kind == "cross":
        x[:, -2:] = rng.integers(0, 8, (count, 2))
    return x.astype(np.float32).astype(np.float64)


TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(int32)": np.int32,
         "tensor(bool)": np.bool_}


def numbers(output, count, classes):
    if isinstance(output, list):
        # A map from classes to scores for each row.
        output = np.array([list(row.values()) for row in output])
    output = np.asarray(output)
    if output.dtype.kind in "UO":
        output = np.array([classes.index(str(label)) for label in output.reshape(-1)])
    return output.reshape(count, -1).astype(np.float64)


def write(folder, name, model, width, kind, rng, count=70):
    path = folder / f"{name}.onnx"
    path.write_bytes(model.SerializeToString())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    x = rows(rng, kind, width, count)
    feed, start = {}, 0
    for one in session.get_inputs():
        size = int(np.prod(one.shape[1:]))
        feed[one.name] = x[:, start:start + size].astype(TYPES[one.type]).reshape(count, *one.shape[1:])
        start += size
    # By the order of their classes, as scikit-learn sorts strings.
    results = [numbers(output, count, ["high", "low", "middle"]) for output in session.run(None, feed)]
    with open(folder / f"{name}.rows", "w", encoding="ascii") as out:
        for row in range(count):
            left = " ".join(float(v).hex() for v in x[row])
            right = " ".join(float(v).hex() for result in results for v in result[row])
            print(f"{left}|{right}", file=out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    import graph_operators
    import graph_pipelines

    rng = np.random.default_rng(options.seed)
    count = 0
    for kind, made in (("operator", graph_operators.operators(rng)), ("pipeline", graph_pipelines.pipelines(rng))):
        for name, model, width, rows_kind in made:
            try:
                write(options.directory, f"{kind}-{name}", model, width, rows_kind, rng)
                count += 1
            except Exception as error:
                (options.directory / f"{kind}-{name}.onnx").unlink(missing_ok=True)
                print(f"left out {kind}-{name}: {str(error)[:160]}")
    print(f"{count} graphs, seed {options.seed}")


if __name__ == "__main__":
    main()
