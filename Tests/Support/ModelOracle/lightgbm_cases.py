"""LightGBM: objectives, boosting, categories, linear leaves, and what counts as missing."""

import lightgbm
import numpy as np

import rows

OBJECTIVES = [
    ("regression", "real"), ("regression_l1", "real"), ("huber", "real"), ("fair", "real"), ("quantile", "real"),
    ("mape", "positive"), ("poisson", "count"), ("gamma", "positive"), ("tweedie", "count"), ("binary", "binary"),
    ("cross_entropy", "unit"), ("cross_entropy_lambda", "unit"), ("multiclass", "class"), ("multiclassova", "class"),
    ("lambdarank", "rank"), ("rank_xendcg", "rank"),
]


def parameters(random, number):
    objective, target = OBJECTIVES[number % len(OBJECTIVES)]
    chosen = {
        "objective": objective, "num_threads": 1, "verbose": -1, "seed": int(random.integers(1 << 30)),
        "deterministic": True, "force_row_wise": True, "min_data_in_leaf": int(random.choice([1, 5, 20])),
        "num_leaves": int(random.choice([2, 3, 7, 16, 31, 32, 64, 90])),
        "learning_rate": float(random.choice([0.05, 0.3, 1.0])), "max_bin": int(random.choice([7, 63, 255])),
        "min_data_per_group": 1, "cat_smooth": 1.0, "max_cat_to_onehot": int(random.choice([1, 4, 40])),
        "boosting": str(random.choice(["gbdt", "gbdt", "gbdt", "rf", "dart"])),
        "use_missing": bool(random.random() < 0.8), "zero_as_missing": bool(random.random() < 0.3),
        "boost_from_average": bool(random.random() < 0.7), "extra_trees": bool(random.random() < 0.3),
        "min_data_in_bin": 1,
    }
    if chosen["boosting"] == "rf":
        chosen |= {"bagging_freq": 1, "bagging_fraction": 0.7, "feature_fraction": 0.8}
    if objective.startswith("multiclass"):
        chosen["num_class"] = int(random.choice([2, 3, 5]))
    if objective in ("binary", "multiclassova") and random.random() < 0.5:
        chosen["sigmoid"] = 0.7
    if objective == "regression" and random.random() < 0.3:
        chosen["reg_sqrt"] = True
    if objective in ("regression", "binary", "poisson") and chosen["boosting"] == "gbdt" and random.random() < 0.4:
        chosen |= {"linear_tree": True, "zero_as_missing": False}
    return chosen, target


def thresholds(booster):
    found = {}

    def walk(node):
        if "split_feature" not in node:
            return
        if node["decision_type"] == "<=":
            found.setdefault(node["split_feature"], set()).add(node["threshold"])
        walk(node["left_child"])
        walk(node["right_child"])

    for tree in booster.dump_model()["tree_info"]:
        walk(tree["tree_structure"])
    return {feature: sorted(values) for feature, values in found.items()}


def write(directory, seed, count):
    for number in range(count):
        random = np.random.default_rng([seed, 1, number])
        chosen, target = parameters(random, number)
        data = rows.Data(random)
        options = {}
        if target == "rank":
            size = len(data.values)
            options["group"] = [20] * (size // 20) + ([size % 20] if size % 20 else [])
        training = lightgbm.Dataset(
            data.values, data.target(target, chosen.get("num_class", 0)), params=chosen,
            categorical_feature=data.categorical or "auto", **options)
        booster = lightgbm.train(chosen, training, int(random.integers(1, 13)))
        name = f"lightgbm-{number:03}"
        booster.save_model(directory / f"{name}.txt")
        hard = rows.hard_rows(random, data, thresholds(booster))
        scores = booster.predict(hard, raw_score=True, num_threads=1)
        rows.save(directory / f"{name}.rows", chosen, hard, scores)
