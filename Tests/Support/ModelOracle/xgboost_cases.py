"""XGBoost: boosters, objectives and their base scores, categories, and both kinds of file."""

import json

import numpy as np
import xgboost

import rows

OBJECTIVES = [
    ("reg:squarederror", "real"), ("binary:logistic", "binary"), ("count:poisson", "count"), ("reg:gamma", "positive"),
    ("reg:tweedie", "count"), ("multi:softprob", "class"), ("multi:softmax", "class"), ("binary:logitraw", "binary"),
    ("binary:hinge", "binary"), ("reg:logistic", "unit"), ("rank:pairwise", "rank"), ("reg:absoluteerror", "real"),
    ("reg:pseudohubererror", "real"), ("survival:cox", "positive"), ("survival:aft", "positive"), ("rank:ndcg", "rank"),
    ("reg:squaredlogerror", "positive"), ("reg:quantileerror", "real"), ("rank:map", "binary"),
]


def parameters(random, number):
    objective, target = OBJECTIVES[number % len(OBJECTIVES)]
    chosen = {
        "objective": objective, "nthread": 1, "verbosity": 0, "seed": int(random.integers(1 << 30)),
        "booster": str(random.choice(["gbtree", "gbtree", "gbtree", "dart", "gblinear"])),
    }
    if chosen["booster"] == "gblinear":
        chosen |= {"updater": "coord_descent", "feature_selector": "cyclic"}
    else:
        chosen |= {
            "tree_method": "hist", "max_depth": int(random.choice([1, 3, 6, 9])), "eta": float(random.choice([0.1, 0.3, 1.0])),
            "min_child_weight": float(random.choice([0.0, 1.0])), "max_bin": int(random.choice([8, 64, 256])),
            "max_cat_to_onehot": int(random.choice([1, 4, 40])), "num_parallel_tree": int(random.choice([1, 1, 3])),
            "gamma": float(random.choice([0.0, 0.0, 0.5])),
        }
    if chosen["booster"] == "dart":
        chosen |= {"rate_drop": 0.4, "normalize_type": str(random.choice(["tree", "forest"]))}
    if objective.startswith("multi"):
        chosen["num_class"] = int(random.choice([2, 3, 5]))
    if objective == "reg:quantileerror":
        chosen["quantile_alpha"] = 0.3
    if random.random() < 0.4:
        chosen["base_score"] = float(random.choice([0.5, 0.25, 0.03, 0.7]))
    return chosen, target


def thresholds(booster):
    found = {}
    model = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]
    for tree in model.get("gbtree", model)["model"].get("trees", []):
        for child, feature, value in zip(tree["left_children"], tree["split_indices"], tree["split_conditions"]):
            if child >= 0:
                found.setdefault(feature, set()).add(value)
    return {feature: sorted(values) for feature, values in found.items()}


def nearest_margin(booster, objective):
    """Whether the base score's margin is the nearest Float, as the C library's logf is not in one case of 150."""
    stored = json.loads(bytes(booster.save_raw("json")))["learner"]["learner_model_param"]["base_score"]
    base = np.float32(stored.strip("[]").split(",")[0])
    if objective in ("binary:logistic", "reg:logistic"):
        argument = np.float32(1) / base - np.float32(1)
    elif objective in ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"):
        argument = base
    else:
        return True
    import ctypes
    import ctypes.util
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    library.logf.restype, library.logf.argtypes = ctypes.c_float, [ctypes.c_float]
    return np.float32(library.logf(argument)) == np.float32(np.log(np.longdouble(argument)))


def write(directory, seed, count):
    left_out = 0
    for number in range(count):
        random = np.random.default_rng([seed, 2, number])
        chosen, target = parameters(random, number)
        is_linear = chosen["booster"] == "gblinear"
        data = rows.Data(random, categories=not is_linear)
        types = ["c" if feature in data.categorical else "float" for feature in range(data.values.shape[1])]
        options = {}
        if not is_linear:
            options = {"feature_types": types, "enable_categorical": True}
        labels = data.target(target, chosen.get("num_class", 0))
        training = xgboost.DMatrix(data.values, None if chosen["objective"] == "survival:aft" else labels, **options)
        if chosen["objective"] == "survival:aft":
            training.set_float_info("label_lower_bound", labels)
            training.set_float_info("label_upper_bound", labels)
        if target == "rank" or chosen["objective"].startswith("rank"):
            size = len(data.values)
            training.set_group([20] * (size // 20) + ([size % 20] if size % 20 else []))
        booster = xgboost.train(chosen, training, int(random.integers(1, 11)))
        if not nearest_margin(booster, chosen["objective"]):
            left_out += 1
            continue
        name = f"xgboost-{number:03}"
        booster.save_model(directory / f"{name}.{'ubj' if number % 2 else 'json'}")
        hard = rows.hard_rows(random, data, thresholds(booster), single=True, infinite=False)
        scores = booster.predict(xgboost.DMatrix(hard, **options), output_margin=True, validate_features=False)
        rows.save(directory / f"{name}.rows", chosen, hard, scores)
    print(f"xgboost: {left_out} left out, as the C library's logarithm of their base score is not the nearest Float")
