"""CatBoost: losses, NaN modes, and categories that are asked for one by one."""

import catboost
import numpy as np

import rows

LOSSES = [
    ("RMSE", "real"), ("Logloss", "binary"), ("CrossEntropy", "unit"), ("MultiClass", "class"), ("MultiClassOneVsAll", "class"),
    ("Poisson", "count"), ("MAE", "real"), ("Quantile", "real"), ("LogCosh", "real"), ("Tweedie:variance_power=1.5", "count"),
]


def write(directory, seed, count):
    for number in range(count):
        random = np.random.default_rng([seed, 3, number])
        loss, target = LOSSES[number % len(LOSSES)]
        data = rows.Data(random)
        chosen = {
            "loss_function": loss, "iterations": int(random.integers(1, 16)), "depth": int(random.integers(1, 9)),
            "one_hot_max_size": 255, "thread_count": 1, "random_seed": int(random.integers(1 << 30)), "verbose": False,
            "allow_writing_files": False, "border_count": int(random.choice([5, 64, 254])),
            "nan_mode": str(random.choice(["Min", "Max"])), "learning_rate": float(random.choice([0.1, 0.5])),
        }
        # Categories are whole numbers, none of them missing.
        values = data.values.astype(object)
        for feature in data.categorical:
            values[:, feature] = np.nan_to_num(data.values[:, feature], nan=0).astype(int)
        pool = catboost.Pool(values, data.target(target, 3), cat_features=data.categorical)
        model = catboost.CatBoost(chosen)
        try:
            model.fit(pool)
        except catboost.CatBoostError as error:
            # A column that never changes leaves nothing to learn from.
            if "constant" in str(error):
                continue
            raise
        name = f"catboost-{number:03}"
        model.save_model(str(directory / f"{name}.json"), format="json")
        borders = {feature: model_borders for feature, model_borders in borders_of(model, data).items()}
        hard = rows.hard_rows(random, data, borders, single=True)
        hard_values = hard.astype(object)
        for feature in data.categorical:
            column = np.where(np.isfinite(hard[:, feature]) & (hard[:, feature] >= 0) & (hard[:, feature] < 1e9), hard[:, feature], 7)
            hard[:, feature] = np.floor(column)
            hard_values[:, feature] = hard[:, feature].astype(int)
        scores = model.predict(catboost.Pool(hard_values, cat_features=data.categorical), prediction_type="RawFormulaVal")
        rows.save(directory / f"{name}.rows", chosen, hard, scores)


def borders_of(model, data):
    """By place in a row; the model numbers its numbers without its categories."""
    numbers = [feature for feature in range(data.values.shape[1]) if feature not in data.categorical]
    return {numbers[index]: list(borders) for index, borders in model.get_borders().items() if index < len(numbers)}
