"""LogME in numpy for bench/metrics.mjs, which writes features and labels and then a byte a run.

Prints the BLAS that numpy uses, and for every byte "SECONDS VALUE": processor time of the same
formula, from a symmetric eigen-decomposition of the smaller Gram matrix and the evidence maximised
over a grid of ratios with golden-section refinement, vectorised over the classes.
"""
import sys
import time

import numpy as np


def negative_evidence(log_ratio, values, energy, rest, count):
    """[classes] of ratios alpha / beta, one a class."""
    ratio = np.exp(log_ratio)[:, None]
    q = (energy * ratio / (ratio + values)).sum(1) + rest
    log_det = np.log1p(values / ratio).sum(1)
    return 0.5 * (log_det / count + np.log(2 * np.pi * q / count) + 1)


def logme(x, labels, classes):
    count, dimension = x.shape
    y = np.eye(classes)[labels]
    if count <= dimension:
        values, u = np.linalg.eigh(x @ x.T)
        energy = (u.T @ y) ** 2
    else:
        values, v = np.linalg.eigh(x.T @ x)
        energy = (v.T @ (x.T @ y)) ** 2 / np.maximum(values, 1e-300)[:, None]
    keep = values > 1e-12 * values[-1]
    values, energy = values[keep], energy[keep].T
    rest = np.maximum((y * y).sum(0) - energy.sum(1), 0)
    grid = np.log(values[-1]) + np.linspace(np.log(1e-12), np.log(1e8), 64)
    heights = np.stack([negative_evidence(np.full(classes, p), values, energy, rest, count) for p in grid])
    best = heights.argmin(0)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, len(grid) - 1)]
    golden = (5**0.5 - 1) / 2
    for _ in range(25):
        left, right = high - golden * (high - low), low + golden * (high - low)
        lower = negative_evidence(left, values, energy, rest, count) < negative_evidence(
            right, values, energy, rest, count)
        low, high = np.where(lower, low, left), np.where(lower, right, high)
    return -negative_evidence((low + high) / 2, values, energy, rest, count).mean()


def blas_name():
    with open("/proc/self/maps", encoding="utf8") as maps:
        names = {line.split("/")[-1].strip() for line in maps if "blas" in line}
    return ", ".join(sorted(names)) or "unknown"


def main():
    count, dimension, classes = map(int, sys.argv[1:])
    data = sys.stdin.buffer
    x = np.frombuffer(data.read(4 * count * dimension), np.float32).reshape(count, dimension)
    labels = np.frombuffer(data.read(count), np.uint8)
    print(blas_name(), flush=True)
    while data.read(1):
        start = time.process_time()
        value = logme(x.astype(np.float64), labels, classes)
        print(f"{time.process_time() - start:.6f} {value:.6f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
