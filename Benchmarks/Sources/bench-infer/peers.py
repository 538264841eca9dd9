"""The peers of `bench infer`, from PyPI, each on one thread: what a row costs them on the models and rows that ours scores.

    peers.py DIRECTORY

Trains the models into DIRECTORY, where they are not there yet, and compiles them for the peers that do so. Prints a line `peer NAME` for each
peer that is there, then `ready`. Then answers each line `NAME MODEL BATCH` with nanoseconds per row. LightGBM, lleaves and tl2cgen are called
in a loop of C (loops.c), so that Python costs them nothing; XGBoost and onnxruntime by their Python calls, once for each batch.
"""

import ctypes
import pathlib
import subprocess
import sys
import time

import numpy as np

FEATURES, ROWS = 40, 1000
SHAPES = {"100x31": (100, 31), "500x64": (500, 64)}
SECONDS = 0.1
directory = pathlib.Path(sys.argv[1])
here = pathlib.Path(__file__).resolve().parent


def data():
    random = np.random.default_rng(31)
    values = random.normal(size=(20_000, FEATURES)).astype(np.float32)
    values[random.random(values.shape) < 0.05] = np.nan
    clean = np.nan_to_num(values)
    signal = (np.sin(clean[:, ::2] * 2) * clean[:, 1::2]).sum(1) + random.normal(size=len(values)) * 0.1
    return values, signal


def train():
    import lightgbm
    import xgboost

    values, signal = data()
    for name, (trees, leaves) in SHAPES.items():
        model = directory / f"lightgbm-{name}.txt"
        if not model.exists():
            chosen = {"objective": "regression", "num_leaves": leaves, "num_threads": 1, "verbose": -1, "seed": 1, "min_data_in_leaf": 5}
            lightgbm.train(chosen, lightgbm.Dataset(values, signal), trees).save_model(model)
        model = directory / f"xgboost-{name}.json"
        if not model.exists():
            chosen = {"tree_method": "hist", "grow_policy": "lossguide", "max_leaves": leaves, "max_depth": 0, "nthread": 1, "seed": 1}
            xgboost.train(chosen, xgboost.DMatrix(values, signal), trees).save_model(model)
    rows = values[:ROWS]
    rows.tofile(directory / "rows.f32")
    network()
    return rows


def network():
    """Layers of 64, 256, 128 and 1, rectified between, as an ONNX file, with rows for it."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(7)
    nodes, constants, last, sizes = [], [], "x", [64, 256, 128, 1]
    for layer, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        weights = random.normal(size=(inputs, outputs)) / np.sqrt(inputs)
        constants.append(numpy_helper.from_array(weights.astype(np.float32), f"w{layer}"))
        constants.append(numpy_helper.from_array(random.normal(size=outputs).astype(np.float32), f"b{layer}"))
        nodes.append(helper.make_node("Gemm", [last, f"w{layer}", f"b{layer}"], [f"h{layer}"]))
        last = f"h{layer}"
        if layer < 2:
            nodes.append(helper.make_node("Relu", [last], [f"r{layer}"]))
            last = f"r{layer}"
    graph = helper.make_graph(
        nodes, "network", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 64])],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["N", 1])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    (directory / "network.onnx").write_bytes(model.SerializeToString())
    random.normal(size=(ROWS, 64)).astype(np.float32).tofile(directory / "network-rows.f32")


def loops():
    library = directory / "loops.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, here / "loops.c"], check=True)
    loaded = ctypes.CDLL(str(library))
    for name in ("lightgbm_rows", "lleaves_rows", "tl2cgen_rows"):
        getattr(loaded, name).restype = ctypes.c_double
    return loaded


def address(array):
    return array.ctypes.data_as(ctypes.c_void_p)


class LightGBM:
    def __init__(self, rows, loops):
        import lightgbm

        self.loops, self.rows = loops, rows.astype(np.float64)
        self.library = ctypes.CDLL(str(pathlib.Path(lightgbm.__file__).parent / "lib" / "lib_lightgbm.so"))
        self.fast = {}
        for name in SHAPES:
            booster, count = ctypes.c_void_p(), ctypes.c_int()
            path = str(directory / f"lightgbm-{name}.txt").encode()
            assert self.library.LGBM_BoosterCreateFromModelfile(path, ctypes.byref(count), ctypes.byref(booster)) == 0
            fast = ctypes.c_void_p()
            # Raw scores (1) of doubles (1).
            assert self.library.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster, 1, 0, -1, 1, FEATURES, b"num_threads=1", ctypes.byref(fast)) == 0
            self.fast[name] = fast
        self.call = ctypes.cast(self.library.LGBM_BoosterPredictForMatSingleRowFast, ctypes.c_void_p)

    def measure(self, name, batch):
        return self.loops.lightgbm_rows(self.call, self.fast[name], address(self.rows), ROWS, FEATURES, ctypes.c_double(SECONDS))


class Lleaves:
    def __init__(self, rows, loops):
        import lleaves

        self.loops, self.rows = loops, rows.astype(np.float64)
        self.models = {}
        for name in SHAPES:
            model = lleaves.Model(model_file=str(directory / f"lightgbm-{name}.txt"))
            model.compile(cache=str(directory / f"lleaves-{name}.o"), raw_score=True)
            self.models[name] = (model, ctypes.cast(model._c_entry_func, ctypes.c_void_p))

    def measure(self, name, batch):
        return self.loops.lleaves_rows(self.models[name][1], address(self.rows), ROWS, FEATURES, batch, ctypes.c_double(SECONDS))


class TL2cgen:
    def __init__(self, rows, loops):
        import tl2cgen
        import treelite

        self.loops = loops
        # Entries are eight bytes: a double, or what says that it is missing.
        self.rows = rows.astype(np.float64)
        missing = np.full(rows.shape, -1, dtype=np.int32)
        entries = self.rows.view(np.int64).copy()
        entries[np.isnan(rows)] = missing[np.isnan(rows)]
        self.entries = entries
        self.calls = {}
        for name in ["100x31"]:
            library = directory / f"tl2cgen-{name}.so"
            if not library.exists():
                model = treelite.frontend.load_lightgbm_model(directory / f"lightgbm-{name}.txt")
                tl2cgen.export_lib(model, toolchain="gcc", libpath=library, params={"parallel_comp": 4}, verbose=False)
            loaded = ctypes.CDLL(str(library))
            self.calls[name] = (loaded, ctypes.cast(loaded.predict, ctypes.c_void_p))

    def measure(self, name, batch):
        if name not in self.calls:
            return None
        return self.loops.tl2cgen_rows(self.calls[name][1], address(self.entries), ROWS, FEATURES, ctypes.c_double(SECONDS))


class Batches:
    """Peers that are called by Python once for each batch."""

    # Rows of models that do not take those of the trees.
    other = {}

    def __init__(self, rows, loops):
        self.rows = rows
        self.calls = {name: self.prepare(name) for name in SHAPES}

    def measure(self, name, batch):
        call = self.calls[name]
        rows = self.other.get(name, self.rows)
        batches = [np.ascontiguousarray(rows[at:at + batch]) for at in range(0, ROWS - batch + 1, batch)]
        call(batches[0])
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < SECONDS:
            call(batches[done % len(batches)])
            done += 1
        return (time.perf_counter() - start) / done / batch * 1e9


class ONNXRuntime(Batches):
    def __init__(self, rows, loops):
        super().__init__(rows, loops)
        self.calls["network"] = self.session(directory / "network.onnx")
        self.other = {"network": np.fromfile(directory / "network-rows.f32", np.float32).reshape(ROWS, 64)}

    def prepare(self, name):
        import lightgbm
        import onnxmltools
        from onnxmltools.convert.common.data_types import FloatTensorType

        path = directory / f"onnx-{name}.onnx"
        if not path.exists():
            booster = lightgbm.Booster(model_file=str(directory / f"lightgbm-{name}.txt"))
            graph = onnxmltools.convert_lightgbm(booster, initial_types=[("x", FloatTensorType([None, FEATURES]))], zipmap=False)
            path.write_bytes(graph.SerializeToString())
        return self.session(path)

    def session(self, path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        return lambda rows: session.run(None, {"x": rows})


class XGBoost(Batches):
    def prepare(self, name):
        import xgboost

        booster = xgboost.Booster(params={"nthread": 1}, model_file=str(directory / f"xgboost-{name}.json"))
        return lambda rows: booster.inplace_predict(rows)


def main():
    directory.mkdir(parents=True, exist_ok=True)
    rows = train()
    in_c = loops()
    peers = {}
    for name, kind in {"LightGBM": LightGBM, "lleaves": Lleaves, "tl2cgen": TL2cgen, "onnxruntime": ONNXRuntime, "XGBoost": XGBoost}.items():
        try:
            peers[name] = kind(rows, in_c)
            print("peer", name, flush=True)
        except Exception as error:  # A peer that does not work here is none; the reader is told.
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    print("ready", flush=True)
    for line in sys.stdin:
        peer, model, batch = line.split()
        print(peers[peer].measure(model, int(batch)), flush=True)


if __name__ == "__main__":
    main()
