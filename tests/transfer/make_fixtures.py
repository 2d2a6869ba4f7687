#!/usr/bin/python3
"""Writes tests/data/metrics.txt: expected values of every metric, in double precision.

    /usr/bin/python3 tests/transfer/make_fixtures.py > tests/data/metrics.txt

Needs Debian's python3-numpy and python3-scipy. Every metric is written here from its definition
(METHOD.md section 7 and the header) with dense matrices and library decompositions, and shares no
code or algorithm with the C sources: the evidence is maximised by a bounded search, leave-one-out
predictions are refitted row by row, distances are differences of rows.

The inputs are not stored. recipe.h makes the same floats from the same integers: a line

    case NAME COUNT DIMENSION CLASSES SEED SEPARATION DECAY SHIFT IMBALANCED SOURCE_CLASSES

is a recipe, of which make_features, make_labels and make_source here are the description.
"""
import sys

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax

MASK = (1 << 64) - 1

# name, count, dimension, classes, seed, separation, decay, shift, imbalanced, source classes
CASES = [
    ("tall", 120, 24, 5, 1, 0.5, 1.0, 0.0, 0, 7),
    ("wide", 40, 70, 4, 2, 0.4, 1.0, 0.0, 0, 9),
    ("square", 48, 48, 3, 3, 0.3, 0.95, 1.0, 0, 5),
    ("ill-conditioned", 90, 30, 4, 4, 0.6, 0.7, 10.0, 0, 6),
    ("ill-conditioned-wide", 30, 60, 3, 5, 0.5, 0.8, 5.0, 0, 4),
    ("many-classes", 150, 40, 50, 6, 1.0, 1.0, 0.0, 0, 60),
    ("imbalanced", 100, 20, 6, 7, 0.6, 1.0, 0.5, 1, 8),
    ("binary", 60, 10, 2, 8, 0.2, 1.0, 0.0, 0, 3),
    ("blocks", 300, 200, 10, 9, 0.3, 0.99, 0.2, 1, 20),
]


def random_units(seed, count):
    """count doubles in [-1, 1), multiples of 2^-23, from splitmix64."""
    state, values = seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        values.append((z >> 40) * 2.0**-23 - 1)
    return np.array(values)


def make_labels(case):
    _, count, _, classes, seed, _, _, _, imbalanced, _ = case
    units = random_units(seed * 10 + 1, count)
    labels = np.arange(count) % classes
    if imbalanced:
        squares = ((units + 1) / 2) ** 2
        drawn = np.floor(squares * classes).astype(int)
        labels = np.where(np.arange(count) < 2 * classes, labels, drawn)
    return labels


def make_features(case):
    """(row noise + separation class noise) decay^j, each column mixed with its left one, + shift."""
    _, count, dimension, classes, seed, separation, decay, shift, _, _ = case
    labels = make_labels(case)
    noise = random_units(seed * 10 + 2, count * dimension).reshape(count, dimension)
    offsets = random_units(seed * 10 + 3, classes * dimension).reshape(classes, dimension)
    shifts = random_units(seed * 10 + 4, dimension)
    x = np.zeros((count, dimension))
    scale = 1.0
    for j in range(dimension):
        x[:, j] = (noise[:, j] + separation * offsets[labels, j]) * scale
        if j > 0:
            x[:, j] = x[:, j] + 0.5 * x[:, j - 1] * decay
        scale = scale * decay
    x = x + shift * shifts
    return x.astype(np.float32).astype(np.float64), labels


def make_targets(case, x):
    """Two columns: a noisy linear function of the features, and noise."""
    noise = random_units(case[4] * 10 + 5, 2 * len(x)).reshape(len(x), 2)
    linear = x[:, 0] - 2 * x[:, -1] + 0.25 * noise[:, 0]
    return np.stack([linear, noise[:, 1]], 1).astype(np.float32).astype(np.float64)


def in_classes(labels):
    return (labels[:, None] == np.unique(labels)[None, :]).astype(float)


def logme(x, targets):
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    count = len(x)
    values = s**2
    total = 0
    for y in targets.T:
        energy = (u.T @ y) ** 2
        rest = max(y @ y - energy.sum(), 0)

        def negative_evidence(log_ratio):
            ratio = np.exp(log_ratio)
            q = (energy * ratio / (ratio + values)).sum() + rest
            log_det = np.log1p(values / ratio).sum()
            return 0.5 * (log_det / count + np.log(2 * np.pi * q / count) + 1)

        grid = np.log(values[0]) + np.linspace(np.log(1e-12), np.log(1e8), 401)
        heights = [negative_evidence(point) for point in grid]
        best = int(np.argmin(heights))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 400)]
        found = minimize_scalar(negative_evidence, bounds=(low, high), method="bounded",
                                options={"xatol": 1e-10})
        total -= min(found.fun, heights[best])
    return total / targets.shape[1]


def knn(x, labels, k):
    right = 0
    for i in range(len(x)):
        distances = ((x - x[i]) ** 2).sum(1)
        distances[i] = np.inf
        near = np.argsort(distances, kind="stable")[:k]
        votes = np.bincount(labels[near])
        winners = [label for label in labels[near] if votes[label] == votes.max()]
        right += winners[0] == labels[i]
    return right / len(x)


def standardise(x):
    deviation = x.std(0)
    keep = deviation > 1e-6 * np.abs(x).max(0)
    return ((x - x.mean(0)) / np.where(keep, deviation, 1))[:, keep]


def ridge_predictions(x, labels, strength):
    """Refits without each row, with the intercept as an unpenalised column."""
    z = standardise(x)
    z = z / np.sqrt(z.shape[1])
    z = np.hstack([z, np.ones((len(z), 1))])
    penalty = strength * np.eye(z.shape[1])
    penalty[-1, -1] = 0
    y = in_classes(labels)
    rows = []
    for i in range(len(z)):
        rest = np.arange(len(z)) != i
        weights = np.linalg.solve(z[rest].T @ z[rest] + penalty, z[rest].T @ y[rest])
        rows.append(z[i] @ weights)
    return np.array(rows)


def ridge(x, labels, strength):
    return (ridge_predictions(x, labels, strength).argmax(1) == labels).mean()


def logistic_head(z, y, strength):
    """Weights and intercepts: sum of log losses + strength / 2 ‖W‖², to a gradient of 1e-9."""
    width, classes = z.shape[1], y.shape[1]

    def objective(flat):
        w = flat.reshape(width + 1, classes)
        logits = z @ w[:-1] + w[-1]
        value = -(y * log_softmax(logits, 1)).sum() + 0.5 * strength * (w[:-1] ** 2).sum()
        errors = softmax(logits, 1) - y
        slope = np.vstack([z.T @ errors + strength * w[:-1], errors.sum(0)])
        return value, slope.ravel()

    found = minimize(objective, np.zeros((width + 1) * classes), jac=True, method="L-BFGS-B",
                     options={"maxiter": 20000, "maxfun": 20000, "ftol": 1e-15, "gtol": 1e-9})
    w = found.x.reshape(width + 1, classes)
    return w[:-1], w[-1]


def probe(x, labels, strength):
    """Accuracy, smallest lead of a row's largest logit, and log loss in the first fold.

    Folds: rows of class 0, then of class 1, …, numbered through, modulo 5.
    """
    z = standardise(x)
    z = z / np.sqrt(z.shape[1])
    y = in_classes(labels)
    folds = np.empty(len(x), int)
    folds[np.argsort(labels, kind="stable")] = np.arange(len(x)) % 5
    logits = np.empty_like(y)
    for fold in range(5):
        w, b = logistic_head(z[folds != fold], y[folds != fold], strength)
        logits[folds == fold] = z[folds == fold] @ w + b
    ordered = np.sort(logits, 1)
    losses = -(y * log_softmax(logits, 1)).sum(1)
    return ((logits.argmax(1) == labels).mean(), (ordered[:, -1] - ordered[:, -2]).min(),
            losses[folds == 0].mean())


def metrics(case):
    x, labels = make_features(case)
    y = in_classes(labels)
    yield "logme", logme(x, y)
    yield "logme-targets", logme(x, make_targets(case, x))
    for k in (1, 5):
        yield f"knn-{k}", knn(x, labels, k)
    for strength in (0.1, 1.0):
        yield f"ridge-{strength}", ridge(x, labels, strength)
        yield f"ridge-sum-{strength}", (ridge_predictions(x, labels, strength) ** 2).sum()
    for strength in (0.1, 1.0):
        accuracy, lead, loss = probe(x, labels, strength)
        yield f"probe-loss-{strength}", loss
        if lead > 0.01:  # else rounding decides a row
            yield f"probe-{strength}", accuracy


def main():
    print("# Made by tests/transfer/make_fixtures.py, which says how.")
    for case in CASES:
        print("case", *case)
        for name, value in metrics(case):
            print(name, repr(float(value)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
