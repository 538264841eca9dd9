"""Data to train on, the rows that are hard to get right, and the file that holds them."""

import numpy as np

ZERO_BOUND = float(np.float32(1e-35))


class Data:
    """A training set of a random shape. Columns are normal, whole numbers, sparse, tiny, or categories."""

    def __init__(self, random, rows=None, categories=True, missing=True):
        self.random = random
        count = rows or int(random.integers(150, 400))
        features = int(random.integers(1, 13))
        self.values = np.empty((count, features))
        self.categorical = []
        for feature in range(features):
            kind = random.integers(0, 6 if categories else 5)
            if kind == 5 and features > 1:
                self.categorical.append(feature)
                most = int(random.choice([2, 5, 40, 90]))
                column = random.integers(0, most, count).astype(float)
            elif kind == 4:
                column = random.normal(size=count) * 10.0 ** random.integers(-36, 5)
            elif kind == 3:
                column = np.where(random.random(count) < 0.6, 0.0, random.normal(size=count))
            elif kind == 2:
                column = random.integers(-4, 5, count).astype(float)
            else:
                column = random.normal(size=count)
            if missing and random.random() < 0.5:
                column[random.random(count) < 0.15] = np.nan
            self.values[:, feature] = column
        signal = np.zeros(count)
        for feature in range(features):
            column = np.nan_to_num(self.values[:, feature], nan=1.0)
            scale = np.std(column) or 1.0
            signal += random.normal() * np.sin(column / scale * random.uniform(0.5, 3))
        self.signal = signal + random.normal(size=count) * 0.1

    def target(self, kind, classes=0):
        signal = self.signal
        if kind == "binary":
            return (signal > np.median(signal)).astype(float)
        if kind == "unit":
            return 1 / (1 + np.exp(-signal))
        if kind == "positive":
            return np.exp(np.clip(signal, -3, 3))
        if kind == "count":
            return np.floor(np.exp(np.clip(signal, -3, 3)))
        if kind == "class":
            edges = np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1])
            return np.searchsorted(edges, signal).astype(float)
        if kind == "rank":
            return np.clip(np.floor(signal - signal.min()), 0, 4)
        return signal


def neighbours(value, single):
    kind = np.float32 if single else np.float64
    value = kind(value)
    with np.errstate(over="ignore"):
        return [float(np.nextafter(value, kind(-np.inf))), float(value), float(np.nextafter(value, kind(np.inf)))]


def hard_rows(random, data, thresholds, single=False, infinite=True, most=72):
    """Rows in which every feature goes through its own thresholds, one step either side of them, and what is odd anywhere.

    Where there are more of them than rows, a random choice."""
    odd = [0.0, -0.0, np.nan, 1e12, -1e12, 1.0, -1.0, 1e30, -1e30, 5e-324]
    odd += neighbours(ZERO_BOUND, single) + [-value for value in neighbours(ZERO_BOUND, single)]
    if infinite:
        odd += [np.inf, -np.inf]
    columns = []
    for feature in range(data.values.shape[1]):
        special = list(odd)
        for threshold in thresholds.get(feature, []):
            special += neighbours(threshold, single)
        if feature in data.categorical:
            special += [-0.5, -1.0, 0.5, 2.9, 31.0, 32.0, 33.5, 95.0, 1e6, 16777215.0, 16777216.0, 2147483647.0, 2147483648.0, 4e9]
            special += list(range(12))
        special += list(random.choice(data.values[:, feature], 8))
        random.shuffle(special)
        columns.append(special)
    count = min(most, max(len(column) for column in columns))
    rows = np.array([[column[row % len(column)] for column in columns] for row in range(count)])
    if single:
        with np.errstate(over="ignore"):
            rows = rows.astype(np.float32).astype(np.float64)
        if not infinite:
            rows[np.isinf(rows)] = 3e38
    return rows


def save(path, parameters, rows, scores):
    scores = np.asarray(scores, dtype=np.float64).reshape(len(rows), -1)
    with open(path, "w", encoding="ascii") as file:
        print(parameters, file=file)
        for row, outputs in zip(rows.tolist(), scores.tolist()):
            print(*map(float.hex, row), "|", *map(float.hex, outputs), file=file)
