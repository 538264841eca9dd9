"""Graphs of one or a few operators, with random shapes and numbers: one list entry for each, as (name, model, width, kind)
where kind says what the inputs' numbers are like."""

import numpy as np
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

OPSET = 17


def tensor(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def model(nodes, inputs, outputs, constants=(), opset=OPSET, ml=3):
    graph = h.make_graph(
        nodes,
        "graph",
        [h.make_tensor_value_info(n, t, ["N", *s]) for n, t, s in inputs],
        # What is declared of outputs is often wrong: say nothing of it.
        [h.make_empty_tensor_value_info(n) if False else h.make_tensor_value_info(n, t, None) for n, t in outputs],
        list(constants),
    )
    made = h.make_model(graph, opset_imports=[h.make_opsetid("", opset), h.make_opsetid("ai.onnx.ml", ml)])
    made.ir_version = 8
    return made


def ints(*values):
    return np.array(values, np.int64)


def operators(rng):
    f, d, i64 = T.FLOAT, T.DOUBLE, T.INT64

    def floats(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    def one(op, shape=(5,), consts=(), out=f, opset=OPSET, kind="normal", type=f, domain="", **attributes):
        names = [f"c{i}" for i in range(len(consts))]
        node = h.make_node(op, ["x", *names], ["y"], domain=domain, **attributes)
        made = model([node], [("x", type, list(shape))], [("y", out)],
                     [tensor(n, c) for n, c in zip(names, consts)], opset)
        return made, int(np.prod(shape)), kind

    yield from (
        (f"{op}-{'double' if type == d else 'float'}", *one(op, type=type, out=type, kind=kind))
        for type in (f, d)
        for op, kind in [
            ("Neg", "wild"), ("Abs", "wild"), ("Reciprocal", "normal"), ("Sqrt", "positive"), ("Floor", "wild"),
            ("Ceil", "wild"), ("Round", "wild"), ("Sign", "wild"), ("Relu", "wild"), ("Exp", "wild"), ("Log", "positive"),
            ("Sigmoid", "wild"), ("Tanh", "wild"), ("Softplus", "normal"), ("Identity", "wild"),
        ]
    )
    yield "Erf", *one("Erf", kind="normal")
    yield "Softsign", *one("Softsign")
    yield "LeakyRelu", *one("LeakyRelu", alpha=0.3)
    yield "Elu", *one("Elu", alpha=0.7)
    yield "Selu", *one("Selu")
    yield "HardSigmoid", *one("HardSigmoid", kind="wild", alpha=0.25, beta=0.4)
    yield "PRelu", *one("PRelu", consts=[floats(5)])
    yield "Gelu", *one("Gelu", opset=20)
    yield "Clip", *one("Clip", consts=[np.float32(-0.5), np.float32(0.7)])
    yield "Clip-upper", model([h.make_node("Clip", ["x", "", "c"], ["y"])], [("x", f, [5])], [("y", f)],
                              [tensor("c", np.float32(0.1))]), 5, "wild"
    yield "Clip-10", *one("Clip", opset=10, min=-1.0, max=0.25)
    for op in ("Add", "Sub", "Mul", "Div", "Min", "Max"):
        yield f"{op}-vector", *one(op, consts=[floats(5)])
        yield f"{op}-number", *one(op, (3, 4), [floats()])
        yield f"{op}-middle", *one(op, (3, 4), [floats(1, 3, 1)])
        yield f"{op}-double", *one(op, consts=[rng.standard_normal(5)], type=d, out=d)
    yield "Pow", *one("Pow", consts=[np.float32(1.7)], kind="positive")
    yield "Pow-int", *one("Pow", consts=[np.int64(3)])
    two = [("a", f, [3, 4]), ("b", f, [3, 1])]
    for op in ("Add", "Mul", "Sub", "Div", "Max"):
        yield f"{op}-two", model([h.make_node(op, ["a", "b"], ["y"])], two, [("y", f)]), 15, "normal"
    for op in ("Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"):
        nodes = [h.make_node("Round", ["x"], ["r"]), h.make_node(op, ["r", "c"], ["t"]), h.make_node("Cast", ["t"], ["y"], to=f)]
        yield op, model(nodes, [("x", f, [5])], [("y", f)], [tensor("c", np.float32(1))]), 5, "normal"
    nodes = [h.make_node("Less", ["x", "c"], ["t"]), h.make_node("Greater", ["x", "d"], ["u"]), h.make_node("Or", ["t", "u"], ["o"]),
             h.make_node("And", ["o", "t"], ["a"]), h.make_node("Not", ["a"], ["n"]), h.make_node("Where", ["n", "x", "c"], ["y"])]
    yield "Where", model(nodes, [("x", f, [5])], [("y", f)], [tensor("c", floats(5)), tensor("d", np.float32(1))]), 5, "normal"
    nodes = [h.make_node("IsNaN", ["x"], ["t"]), h.make_node("Where", ["t", "c", "x"], ["y"])]
    yield "IsNaN", model(nodes, [("x", f, [5])], [("y", f)], [tensor("c", np.float32(3))]), 5, "wild"
    for to, name in ((f, "float"), (d, "double"), (i64, "int64"), (T.INT32, "int32"), (T.BOOL, "bool")):
        for start, sname in ((f, "float"), (d, "double"), (i64, "int64")):
            if to != start:
                yield f"Cast-{sname}-{name}", *one("Cast", type=start, out=to, kind="whole" if start == i64 else "normal", to=to)

    # Matrices.
    for rows, k, n in ((1, 7, 1), (1, 64, 33), (1, 16, 16), (1, 130, 48), (3, 5, 17)):
        shape = (k,) if rows == 1 else (rows, k)
        yield f"MatMul-{rows}-{k}-{n}", *one("MatMul", shape, [floats(k, n)])
    yield "MatMul-vector", *one("MatMul", (6,), [floats(6)])
    yield "MatMul-double", *one("MatMul", (6,), [rng.standard_normal((6, 4))], type=d, out=d)
    yield "MatMul-rows", model([h.make_node("MatMul", ["a", "b"], ["y"])], [("a", f, [3, 4]), ("b", f, [4, 2])], [("y", f)]), 20, "normal"
    yield "Gemm", *one("Gemm", (9,), [floats(9, 5), floats(5)])
    yield "Gemm-B", *one("Gemm", (9,), [floats(5, 9), floats(1, 5)], transB=1, alpha=0.5, beta=2.0)
    yield "Gemm-number", *one("Gemm", (9,), [floats(9, 5), floats()])
    yield "Gemm-double", *one("Gemm", (9,), [rng.standard_normal((9, 5)), rng.standard_normal(5)], type=d, out=d)
    nodes = [h.make_node("MatMul", ["x", "w"], ["m"]), h.make_node("Add", ["b", "m"], ["a"]), h.make_node("Relu", ["a"], ["r"]),
             h.make_node("MatMul", ["r", "v"], ["n"]), h.make_node("Add", ["n", "r0"], ["s"]), h.make_node("Mul", ["s", "n"], ["y"])]
    yield "MatMul-shared", model(nodes, [("x", f, [8])], [("y", f)],
                                 [tensor("w", floats(8, 20)), tensor("b", floats(20)), tensor("v", floats(20, 20)), tensor("r0", floats(20))]), 8, "normal"

    # Shapes.
    yield "Concat", model([h.make_node("Concat", ["a", "b", "a"], ["y"], axis=1)], [("a", f, [3, 2]), ("b", f, [2, 2])], [("y", f)]), 10, "normal"
    yield "Concat-last", model([h.make_node("Concat", ["a", "b"], ["y"], axis=-1)], [("a", f, [3, 2]), ("b", f, [3, 1])], [("y", f)]), 9, "normal"
    yield "Gather-known", *one("Gather", (4, 3), [ints(2, -1, 0)], axis=1)
    yield "Gather-table", model([h.make_node("Gather", ["t", "x"], ["y"])], [("x", i64, [3])], [("y", f)], [tensor("t", floats(6, 4))]), 3, "category"
    yield "Reshape", *one("Reshape", (12,), [ints(-1, 3, 4)])
    yield "Reshape-zero", *one("Reshape", (3, 4), [ints(0, -1)])
    yield "Flatten", *one("Flatten", (3, 4))
    yield "Squeeze", *one("Squeeze", (3, 1, 2), [ints(2)])
    yield "Squeeze-11", *one("Squeeze", (3, 1), opset=11, axes=[2])
    yield "Unsqueeze", *one("Unsqueeze", (3,), [ints(1, -1)])
    yield "Slice", *one("Slice", (6, 4), [ints(1, -1), ints(5, -10), ints(1, 2), ints(2, -1)])
    yield "Slice-end", *one("Slice", (6,), [ints(-3), ints(2**40), ints(1)])
    yield "Transpose", *one("Transpose", (3, 4, 2), perm=[0, 3, 1, 2])
    yield "Expand", *one("Expand", (3, 1), [ints(1, 3, 4)])
    yield "Split", model([h.make_node("Split", ["x", "s"], ["a", "b"], axis=1), h.make_node("Concat", ["b", "a"], ["y"], axis=1)],
                         [("x", f, [5, 2])], [("y", f)], [tensor("s", ints(2, 3))]), 10, "normal"
    nodes = [h.make_node("Shape", ["x"], ["s"]), h.make_node("Gather", ["s", "zero"], ["n"]), h.make_node("Unsqueeze", ["n", "axes"], ["u"]),
             h.make_node("Concat", ["u", "rest"], ["t"], axis=0), h.make_node("Reshape", ["x", "t"], ["y"])]
    yield "Shape", model(nodes, [("x", f, [2, 3])], [("y", f)], [tensor("zero", np.int64(0)), tensor("axes", ints(0)), tensor("rest", ints(6))]), 6, "normal"
    nodes = [h.make_node("ConstantOfShape", ["s"], ["c"], value=h.make_tensor("v", f, [1], [2.5])), h.make_node("Mul", ["x", "c"], ["y"])]
    yield "ConstantOfShape", model(nodes, [("x", f, [3])], [("y", f)], [tensor("s", ints(3))]), 3, "normal"

    # Runs.
    for op in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare"):
        if op == "Sum":
            yield "ReduceSum", *one("ReduceSum", (3, 4), [ints(2)], keepdims=0)
            yield "ReduceSum-both", *one("ReduceSum", (3, 4), [ints(1, 2)])
        else:
            yield f"Reduce{op}", *one(f"Reduce{op}", (3, 4), axes=[1], keepdims=0)
            yield f"Reduce{op}-18", *one(f"Reduce{op}", (3, 4), [ints(-1)], opset=18)
    yield "Softmax", *one("Softmax", (3, 4), axis=-1)
    yield "Softmax-middle", *one("Softmax", (3, 4), axis=1)
    yield "Softmax-11", *one("Softmax", (3, 4), opset=11, axis=1)
    yield "Softmax-double", *one("Softmax", (4,), type=d, out=d)
    yield "LogSoftmax", *one("LogSoftmax", (6,))
    yield "ArgMax", *one("ArgMax", (3, 4), out=i64, axis=1, keepdims=0)
    yield "ArgMin", *one("ArgMin", (6,), out=i64, axis=-1)
    yield "BatchNormalization", *one("BatchNormalization", (5,), [floats(5), floats(5), floats(5), floats(5) ** 2 + 0.1])
    yield "BatchNormalization-channels", *one("BatchNormalization", (3, 4), [floats(3), floats(3), floats(3), floats(3) ** 2 + 0.1], epsilon=0.01)
    yield "LayerNormalization", *one("LayerNormalization", (8,), [floats(8), floats(8)])
    yield "LayerNormalization-none", *one("LayerNormalization", (3, 4), [floats(3, 4)], axis=1)

    # ai.onnx.ml.
    ml = {"domain": "ai.onnx.ml"}
    yield "Scaler", *one("Scaler", offset=[0.1, 0.2, 0.3, 0.4, 0.5], scale=[1.5, 2.0, 0.5, 3.0, 1.0], **ml)
    for norm in ("MAX", "L1", "L2"):
        yield f"Normalizer-{norm}", *one("Normalizer", kind="positive", norm=norm, **ml)
    yield "Binarizer", *one("Binarizer", threshold=0.25, **ml)
    yield "Imputer", *one("Imputer", kind="wild", imputed_value_floats=[1.0, 2.0, 3.0, 4.0, 5.0], replaced_value_float=float("nan"), **ml)
    yield "OneHotEncoder", *one("OneHotEncoder", (1,), type=i64, kind="category", cats_int64s=[3, 0, 2, 7], zeros=1, **ml)
    yield "LabelEncoder", *one("LabelEncoder", (3,), type=i64, kind="category", keys_int64s=[0, 2, 5], values_floats=[0.5, -1.0, 3.25], default_float=9.0, **ml)
    yield "LabelEncoder-int", *one("LabelEncoder", (3,), type=i64, out=i64, kind="category", keys_int64s=[0, 2, 5], values_int64s=[10, 11, 12], default_int64=-7, **ml)
    yield "ArrayFeatureExtractor", *one("ArrayFeatureExtractor", (5,), [ints(4, 0, 2)], **ml)
    yield "LinearRegressor", *one("LinearRegressor", coefficients=list(map(float, floats(10))), intercepts=[0.5, -0.5], targets=2, **ml)
    for post in ("NONE", "SOFTMAX", "LOGISTIC"):
        node = h.make_node("LinearClassifier", ["x"], ["l", "y"], domain="ai.onnx.ml", coefficients=list(map(float, floats(15))),
                           intercepts=[0.1, 0.2, -0.3], classlabels_ints=[4, 5, 9], post_transform=post)
        yield f"LinearClassifier-{post}", model([node], [("x", f, [5])], [("l", i64), ("y", f)]), 5, "normal"

    # Trees of the first generation: every mode, and what is missing.
    for mode in ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"):
        for tracks in (0, 1):
            yield f"TreeEnsembleRegressor-{mode}-{tracks}", *one(
                "TreeEnsembleRegressor", (2,), kind="tree", n_targets=1, nodes_treeids=[0, 0, 0, 0, 0, 1], nodes_nodeids=[0, 1, 2, 3, 4, 0],
                nodes_featureids=[0, 1, 0, 0, 0, 0], nodes_modes=[mode, mode, "LEAF", "LEAF", "LEAF", "LEAF"],
                nodes_values=[1.0, 2.0, 0.0, 0.0, 0.0, 0.0], nodes_truenodeids=[1, 3, 0, 0, 0, 0], nodes_falsenodeids=[2, 4, 0, 0, 0, 0],
                nodes_missing_value_tracks_true=[tracks, tracks, 0, 0, 0, 0], target_treeids=[0, 0, 0, 1], target_nodeids=[2, 3, 4, 0],
                target_ids=[0, 0, 0, 0], target_weights=[0.1, 0.7, -3.3, 0.25], base_values=[0.3], **ml)
    for aggregate in ("SUM", "AVERAGE"):
        for post in ("NONE", "LOGISTIC"):
            yield f"TreeEnsembleRegressor-{aggregate}-{post}", *one(
                "TreeEnsembleRegressor", (2,), kind="tree", n_targets=2, nodes_treeids=[7, 7, 7, 2, 2, 2], nodes_nodeids=[0, 1, 2, 0, 1, 2],
                nodes_featureids=[0, 0, 0, 1, 0, 0], nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"] * 2, nodes_values=[1.0, 0, 0, 0.5, 0, 0],
                nodes_truenodeids=[1, 0, 0, 1, 0, 0], nodes_falsenodeids=[2, 0, 0, 2, 0, 0], target_treeids=[7, 7, 7, 2, 2, 2],
                target_nodeids=[1, 1, 2, 1, 2, 2], target_ids=[0, 1, 1, 0, 0, 1], target_weights=[0.1, 0.7, -3.3, 0.25, 1.5, 2.5],
                aggregate_function=aggregate, post_transform=post, **ml)

    # Trees of the second generation.
    for mode in range(7):
        node = h.make_node(
            "TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml", n_targets=2, aggregate_function=1, post_transform=0, tree_roots=[0, 2],
            nodes_featureids=[0, 1, 1], nodes_modes=tensor("m", np.array([mode, mode, mode], np.uint8)), nodes_splits=tensor("s", np.array([1, 2, 0], np.float32)),
            nodes_truenodeids=[1, 0, 3], nodes_trueleafs=[0, 1, 1], nodes_falsenodeids=[2, 1, 2], nodes_falseleafs=[1, 1, 1],
            leaf_targetids=[0, 0, 0, 0] if mode % 2 else [0, 1, 0, 1], leaf_weights=tensor("w", np.array([0.1, 0.7, -3.3, 0.25], np.float32)),
            nodes_missing_value_tracks_true=[1, 0, 1],
            **({"membership_values": tensor("v", np.array([1, 2, np.nan, 0, 3, np.nan, 2, np.nan], np.float32))} if mode == 6 else {}))
        yield f"TreeEnsemble-{mode}", model([node], [("x", f, [2])], [("y", f)], opset=21, ml=5), 2, "tree"
