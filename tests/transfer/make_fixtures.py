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
from scipy.special import digamma, gammaln, log_softmax, logsumexp, softmax
from scipy.stats import spearmanr

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
    return to_float(x), labels


def make_targets(case, x):
    """Two columns: a noisy linear function of the features, and noise."""
    noise = random_units(case[4] * 10 + 5, 2 * len(x)).reshape(len(x), 2)
    linear = x[:, 0] - 2 * x[:, -1] + 0.25 * noise[:, 0]
    return to_float(np.stack([linear, noise[:, 1]], 1))


def to_float(x):
    return x.astype(np.float32).astype(np.float64)


def make_probabilities(case, labels):
    """Fourth powers of uniform numbers, and 1 more for one source class of each class; normalised."""
    _, count, _, _, seed, _, _, _, _, sources = case
    halves = (random_units(seed * 10 + 6, count * sources).reshape(count, sources) + 1) / 2
    p = halves * halves * halves * halves
    p[np.arange(count), 3 * labels % sources] += 1
    return to_float(p / np.cumsum(p, 1)[:, -1:])


def make_source(case):
    """Half as many rows and five, in classes by turns, around centres of their own."""
    _, count, dimension, _, seed, separation, _, _, _, sources = case
    rows = count // 2 + 5
    labels = np.arange(rows) % sources
    noise = random_units(seed * 10 + 7, rows * dimension).reshape(rows, dimension)
    centers = random_units(seed * 10 + 8, sources * dimension).reshape(sources, dimension)
    return to_float(noise + 2 * separation * centers[labels]), labels


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


def class_means(x, labels):
    return np.stack([x[labels == c].mean(0) for c in np.unique(labels)])


def index(labels):
    return np.unique(labels, return_inverse=True)[1]


def h_score(x, labels):
    g = class_means(x, labels)[index(labels)]
    inverse = np.linalg.pinv(np.cov(x, rowvar=False), rcond=1e-12, hermitian=True)
    return np.trace(inverse @ np.cov(g, rowvar=False))


def regularised_h_score(x, labels):
    x = x - x.mean(0)
    count, dimension = x.shape
    s = x.T @ x / count
    mean = np.trace(s) / dimension
    spread = ((s - mean * np.eye(dimension)) ** 2).sum()
    noise = sum(((np.outer(row, row) - s) ** 2).sum() for row in x) / count**2
    shrinkage = max(min(noise, spread) / spread, 1e-8)
    shrunk = (1 - shrinkage) * s + shrinkage * mean * np.eye(dimension)
    between = np.cov(class_means(x, labels)[index(labels)], rowvar=False, bias=True)
    return np.trace(np.linalg.solve(shrunk, (1 - shrinkage) * between))


def nce(p, labels):
    z = p.argmax(1)
    total = 0
    for source in np.unique(z):
        for label in np.unique(labels):
            both = ((z == source) & (labels == label)).mean()
            total += both * np.log(both / (z == source).mean()) if both > 0 else 0
    return total


def leep(p, labels):
    p = p / p.sum(1, keepdims=True)
    joint = in_classes(labels).T @ p / len(p)
    conditional = joint / np.where(joint.sum(0) > 0, joint.sum(0), 1)
    return np.log((conditional[index(labels)] * p).sum(1)).mean()


def principal(x, share=None, limit=None):
    u, s, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
    keep = s**2 > 1e-12 * s[0] ** 2
    if share is not None:
        keep &= np.concatenate([[0], np.cumsum(s**2)[:-1]]) < share * (s**2).sum()
    if limit is not None:
        keep &= np.arange(len(s)) < limit
    return (u * s)[:, keep]


def mixture(x, components):
    clusters = np.zeros(len(x), int)
    for used in range(1, components):
        spreads = np.array([((x[clusters == c] - x[clusters == c].mean(0)) ** 2).sum(0)
                            for c in range(used)])
        widest = spreads.sum(1).argmax()
        axis = spreads[widest].argmax()
        inside = clusters == widest
        clusters[inside & (x[:, axis] > x[inside, axis].mean())] = used
    means = np.stack([x[clusters == c].mean(0) for c in range(components)])
    for _ in range(20):
        moved = ((x[:, None] - means) ** 2).sum(2).argmin(1)
        if (moved == clusters).all():
            break
        clusters = moved
        for c in np.unique(clusters):
            means[c] = x[clusters == c].mean(0)
    q = np.eye(components)[clusters]
    floor = 1e-3 * (x**2).mean()
    variances = np.full_like(means, floor)
    before = -np.inf
    for _ in range(100):
        weights = q.sum(0)
        for c in np.flatnonzero(weights > 1e-9):
            means[c] = q[:, c] @ x / weights[c]
            variances[c] = np.maximum(q[:, c] @ (x - means[c]) ** 2 / weights[c], floor)
        with np.errstate(divide="ignore"):
            logs = np.log(np.where(weights > 1e-9, weights, 0) / len(x)) - 0.5 * (
                (x[:, None] - means) ** 2 / variances + np.log(2 * np.pi * variances)).sum(2)
        likelihood = logsumexp(logs, 1)
        q = np.exp(logs - likelihood[:, None])
        if likelihood.mean() - before < 1e-3:
            break
        before = likelihood.mean()
    return q


def n_leep(x, labels, components):
    return leep(mixture(principal(x, share=0.8), components), labels)


def gbc(x, labels, limit):
    x = principal(x, limit=limit)
    means = class_means(x, labels)
    variances = np.stack([x[labels == c].var(0) for c in np.unique(labels)])
    variances = np.maximum(variances, 1e-6 * (x**2).mean(0))
    total = 0
    for i in range(len(means)):
        for j in range(len(means)):
            if i != j:
                between = (variances[i] + variances[j]) / 2
                distance = ((means[i] - means[j]) ** 2 / between).sum() / 8
                distance += 0.5 * (np.log(between).sum() - 0.5 * np.log(variances[i]).sum()
                                   - 0.5 * np.log(variances[j]).sum())
                total -= np.exp(-distance)
    return total


def lfc(x, labels):
    x = x - x.mean(0)
    same = (labels[:, None] == labels[None, :]).astype(float)
    return np.corrcoef((x @ x.T).ravel(), same.ravel())[0, 1]


def pactran_gaussian(x, labels, prior, variance):
    x = x - x.mean(0)
    count, dimension = x.shape
    y = in_classes(labels)
    w, b = logistic_head(x, y, 1 / prior)
    logits = x @ w + b
    p = softmax(logits, 1)
    t = prior * count
    loss = -(y * log_softmax(logits, 1)).sum() / count
    trace = ((p * (1 - p)).sum(1) * (x**2).sum(1)).sum() / count
    volume = y.shape[1] * variance / (2 * t) * np.log(1 + t * trace / (dimension * y.shape[1]))
    return -(loss + (w**2).sum() / (2 * t) + volume)


def pactran_dirichlet(p, labels, concentration):
    p = p / p.sum(1, keepdims=True)
    y = in_classes(labels)
    prior = concentration * y.mean(0)[:, None]
    q, before = p, -np.inf
    for _ in range(200):
        shapes = prior + y.T @ q
        log_beta = gammaln(shapes).sum(0) - gammaln(shapes.sum(0))
        log_beta -= gammaln(prior).sum() - gammaln(prior.sum())
        with np.errstate(divide="ignore", invalid="ignore"):
            divergence = np.where(q > 0, q * np.log(q / p), 0).sum()
        bound = (log_beta.sum() - divergence) / len(p)
        if bound - before < 1e-7:
            break
        before = bound
        with np.errstate(divide="ignore"):
            logs = np.log(p) + y @ (digamma(shapes) - digamma(shapes.sum(0)))
        q = softmax(logs, 1)
    return max(bound, before)


def pactran_gamma(p, labels, concentration):
    p = p / p.sum(1, keepdims=True)
    y = in_classes(labels)
    prior = concentration * y.mean(0)[:, None]
    rates = np.ones((1, p.shape[1]))
    q, before = p, -np.inf
    for _ in range(200):
        shapes = prior + y.T @ q
        levels = p @ (shapes / rates).sum(0)
        rates = 1 + (p / levels[:, None]).sum(0, keepdims=True)
        rates = rates * (shapes / rates).sum() / (concentration * p.shape[1])
        expected = p @ (shapes / rates).sum(0)
        levels = expected
        mean_logs = digamma(shapes) - np.log(rates)
        # E_q log p(label, z | w) - log of the sum over y, and the divergences, term by term
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = -np.where(q > 0, q * np.log(q / p), 0).sum()
        bound += ((y.T @ q) * mean_logs).sum()
        bound -= (np.log(levels) + expected / levels - 1).sum()
        bound -= ((shapes - prior) * digamma(shapes) - gammaln(shapes) + gammaln(prior)
                  + prior * np.log(rates) + shapes * (1 - rates) / rates).sum()
        bound /= len(p)
        if bound - before < 1e-7:
            break
        before = bound
        with np.errstate(divide="ignore"):
            q = softmax(np.log(p) + y @ mean_logs, 1)
    return max(bound, before)


def transrate(x, labels, distortion):
    x = x - x.mean(0)

    def rate(rows):
        scatter = rows.T @ rows / (len(rows) * distortion)
        return 0.5 * np.linalg.slogdet(np.eye(scatter.shape[0]) + scatter)[1]

    within = sum((labels == c).mean() * rate(x[labels == c]) for c in np.unique(labels))
    return rate(x) - within


def sfda(x, labels):
    y = in_classes(labels)
    own = index(labels)
    priors = y.mean(0)

    def scatter_within(x):
        distances = x - class_means(x, labels)[own]
        return distances.T @ distances / len(x)

    def probabilities(x, shrinkage):
        means = class_means(x, labels)
        s = scatter_within(x)
        s = (1 - shrinkage) * s + shrinkage * np.trace(s) / len(s) * np.eye(len(s))
        heads = np.linalg.solve(s, means.T)
        return softmax(x @ heads - 0.5 * (means * heads.T).sum(1) + np.log(priors), 1)

    x = x - x.mean(0)
    largest = np.linalg.eigvalsh(scatter_within(x))[-1]
    shrinkage = max(np.exp(-5 * largest), 1e-10)
    trust = softmax(probabilities(x, shrinkage), 1)[np.arange(len(x)), own][:, None]
    means = class_means(x, labels)
    others = np.stack([np.delete(means, c, 0).mean(0) for c in range(len(means))])
    x = trust * x + (1 - trust) * others[own]
    return probabilities(x, shrinkage)[np.arange(len(x)), own].mean()


def parc(x, labels):
    pairs = np.triu_indices(len(x), 1)
    features = 1 - np.corrcoef(standardise(x))[pairs]
    # Rounded: labels have two distances, and rounding must not order what is equal.
    classes = np.round(1 - np.corrcoef(in_classes(labels))[pairs], 9)
    return spearmanr(features, classes)[0]


def otce(x, labels, source, source_labels, penalty):
    cost = ((source[:, None] - x[None]) ** 2).sum(2)
    cost = cost / cost.mean()
    f, g = np.zeros(len(source)), np.zeros(len(x))
    for _ in range(100000):
        f = -penalty * (logsumexp((g - cost) / penalty, 1) + np.log(len(source)))
        new = -penalty * (logsumexp((f[:, None] - cost) / penalty, 0) + np.log(len(x)))
        if np.abs(new - g).max() < 1e-12:
            break
        g = new
    coupling = np.exp((f[:, None] + g - cost) / penalty)
    joint = in_classes(source_labels).T @ coupling @ in_classes(labels)
    ratio = joint / joint.sum(1, keepdims=True)
    return (joint * np.log(ratio)).sum()


def metrics(case):
    x, labels = make_features(case)
    y = in_classes(labels)
    yield "logme", logme(x, y)
    yield "logme-targets", logme(x, make_targets(case, x))
    yield "h-score", h_score(x, labels)
    yield "regularised-h-score", regularised_h_score(x, labels)
    p = make_probabilities(case, labels)
    yield "nce", nce(p, labels)
    yield "leep", leep(p, labels)
    for components in (3, min(5 * y.shape[1], len(x) // 4)):
        yield f"n-leep-{components}", n_leep(x, labels, components)
    for limit in (4, 64):
        yield f"gbc-{limit}", gbc(x, labels, limit)
    yield "lfc", lfc(x, labels)
    for prior, variance in ((1, 10), (10, 1)):
        yield f"pactran-gaussian-{prior}-{variance}", pactran_gaussian(x, labels, prior, variance)
    for concentration in (1, 5):
        yield f"pactran-dirichlet-{concentration}", pactran_dirichlet(p, labels, concentration)
        yield f"pactran-gamma-{concentration}", pactran_gamma(p, labels, concentration)
    for distortion in (1e-4, 0.5):
        yield f"transrate-{distortion}", transrate(x, labels, distortion)
    yield "sfda", sfda(x, labels)
    yield "sfda-small", sfda(to_float(x * 0.125), labels)
    yield "parc", parc(x, labels)
    for penalty in (0.05, 0.5):
        yield f"otce-{penalty}", otce(x, labels, *make_source(case), penalty)
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
