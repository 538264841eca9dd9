"""Pipelines of scikit-learn as skl2onnx writes them, and networks as people build them: (name, model, width, kind)."""

import warnings

import numpy as np
from onnx import TensorProto as T
from onnx import helper as h
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer, KBinsDiscretizer, MaxAbsScaler, MinMaxScaler, Normalizer, OneHotEncoder, PolynomialFeatures,
    RobustScaler, StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from graph_operators import model, tensor

warnings.filterwarnings("ignore")


def pipelines(rng):
    x = rng.standard_normal((300, 6)).astype(np.float32)
    y = (x @ rng.standard_normal(6) + 0.1 * rng.standard_normal(300)).astype(np.float32)
    two = (y > 0).astype(int)
    three = np.digitize(y, [-1, 1])
    named = np.array(["low", "middle", "high"])[three]
    names = [("x", FloatTensorType([None, 6]))]

    def convert(name, made, kind="normal", **options):
        return name, to_onnx(made, initial_types=names, target_opset={"": 17, "ai.onnx.ml": 3}, options=options or None), 6, kind

    def fit(last, target, *before):
        return make_pipeline(*before, last).fit(x, target)

    for scaler in (StandardScaler(), MinMaxScaler(), MaxAbsScaler(), RobustScaler(), Normalizer(), Binarizer(), PolynomialFeatures(2),
                   PCA(3), KBinsDiscretizer(4, encode="onehot-dense"), KBinsDiscretizer(4, encode="ordinal")):
        try:
            yield convert(f"scaler-{type(scaler).__name__}-{getattr(scaler, 'encode', '')}", make_pipeline(scaler, Ridge()).fit(x, y))
        except Exception as error:  # a converter that this version of the libraries does not have
            print("left out", type(scaler).__name__, error)
    imputed = x.copy()
    imputed[rng.random(x.shape) < 0.1] = np.nan
    yield convert("imputer", make_pipeline(SimpleImputer(), StandardScaler(), LinearRegression()).fit(imputed, y), "missing")
    yield convert("linear", fit(LinearRegression(), y))
    for target, label in ((two, "two"), (three, "three"), (named, "named")):
        yield convert(f"logistic-{label}", fit(LogisticRegression(), target, StandardScaler()), zipmap=False)
        yield convert(f"logistic-zipmap-{label}", fit(LogisticRegression(), target))
        yield convert(f"mlp-{label}", fit(MLPClassifier((12, 7), max_iter=30), target, StandardScaler()), zipmap=False)
        yield convert(f"tree-{label}", DecisionTreeClassifier(max_depth=5).fit(x, target), zipmap=False)
        yield convert(f"boosting-{label}", GradientBoostingClassifier(n_estimators=10).fit(x, target), zipmap=False)
        yield convert(f"forest-{label}", RandomForestClassifier(12, max_depth=5).fit(x, target), zipmap=False)
    for activation in ("relu", "tanh", "logistic", "identity"):
        yield convert(f"mlp-{activation}", fit(MLPRegressor(hidden_layer_sizes=(33, 16), activation=activation, max_iter=40), y, StandardScaler()))
    yield convert("tree", DecisionTreeRegressor(max_depth=6).fit(x, y))
    yield convert("forest", RandomForestRegressor(20, max_depth=6).fit(x, y))
    yield convert("boosting", GradientBoostingRegressor(n_estimators=30).fit(x, y))
    yield convert("forest-many", RandomForestRegressor(10, max_depth=4).fit(x, np.stack([y, -y, y * y], 1)))

    # Columns of categories beside columns of numbers.
    c = rng.integers(0, 5, (300, 2))
    frame = np.concatenate([x[:, :3], c], axis=1)
    columns = ColumnTransformer([("n", StandardScaler(), [0, 1, 2]), ("c", OneHotEncoder(handle_unknown="ignore"), [3, 4])])
    made = make_pipeline(columns, LogisticRegression()).fit(frame, two)
    try:
        onnx_model = to_onnx(made, initial_types=[("n", FloatTensorType([None, 3])), ("c", Int64TensorType([None, 2]))],
                             target_opset={"": 17, "ai.onnx.ml": 3}, options={"zipmap": False})
        yield "columns", onnx_model, 5, "columns"
    except Exception as error:
        print("left out columns", error)

    def floats(*shape):
        return (rng.standard_normal(shape) / 3).astype(np.float32)

    # Deep and cross: two cross layers beside a deep one, over embeddings and numbers.
    nodes = [h.make_node("Gather", ["e", "c"], ["ce"]), h.make_node("Flatten", ["ce"], ["cf"], axis=1), h.make_node("Concat", ["x", "cf"], ["x0"], axis=1)]
    constants = [tensor("e", floats(8, 4))]
    last = "x0"
    for layer in range(2):
        nodes += [h.make_node("MatMul", [last, f"w{layer}"], [f"m{layer}"]), h.make_node("Mul", ["x0", f"m{layer}"], [f"p{layer}"]),
                  h.make_node("Add", [f"p{layer}", f"b{layer}"], [f"q{layer}"]), h.make_node("Add", [f"q{layer}", last], [f"r{layer}"])]
        constants += [tensor(f"w{layer}", floats(12, 1)), tensor(f"b{layer}", floats(12))]
        last = f"r{layer}"
    nodes += [h.make_node("Gemm", ["x0", "v", "vb"], ["d"]), h.make_node("Relu", ["d"], ["dr"]), h.make_node("LayerNormalization", ["dr", "g", "gb"], ["dn"]),
              h.make_node("Concat", ["dn", last], ["all"], axis=1), h.make_node("Gemm", ["all", "o", "ob"], ["s"]), h.make_node("Sigmoid", ["s"], ["y"])]
    constants += [tensor("v", floats(12, 24)), tensor("vb", floats(24)), tensor("g", floats(24)), tensor("gb", floats(24)),
                  tensor("o", floats(36, 1)), tensor("ob", floats(1))]
    yield "deep-and-cross", model(nodes, [("x", T.FLOAT, [4]), ("c", T.INT64, [2])], [("y", T.FLOAT)], constants), 6, "cross"
