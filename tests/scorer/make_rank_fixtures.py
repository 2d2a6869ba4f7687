"""Writes the expected numbers of rank_test.c with scipy, which shares no code with ours.

    /usr/bin/python3 tests/scorer/make_rank_fixtures.py TABLES tests/data

Made with scipy 1.10.1 and numpy 1.24.2 (Debian 12). TABLES holds three tables of numbers from
github.com/zhangyikaii/Model-Spider at d2a53e4d (MIT): modelspider_baseline_scores.csv
(assests/baseline_results.csv), modelspider_finetune10.csv (learnware/learnware_info.py) and
published_selection_results.csv (README.md), with columns model, dataset, metric or method, value.
"""
import csv
import itertools
import sys

import numpy
from scipy import stats

tables, out = sys.argv[1:]


def write(file, name, values):
    print(name, *(repr(float(value)) for value in numpy.atleast_1d(values)), file=file)


def expected_recall(truth, score, k):
    """Overlap of two top-k sets, by enumerating how lots may break ties of small lists."""

    def chances(values):
        total = numpy.zeros(len(values))
        orders = [
            order
            for order in itertools.permutations(range(len(values)))
            if all(values[a] >= values[b] for a, b in zip(order, order[1:]))
        ]
        for order in orders:
            total[list(order[:k])] += 1
        return total / len(orders)

    return float(chances(truth) @ chances(score)) / k


def copeland(lists):
    majority = sum(numpy.sign(row[:, None] - row[None, :]) for row in lists)
    return numpy.sign(majority).sum(axis=1)


def write_cases():
    random = numpy.random.default_rng(20230603)
    with open(f"{out}/rank_cases.txt", "w") as file:
        for case in range(40):
            count = [2, 3, 5, 6, 7][case % 5] if case < 35 else [24, 60, 200, 300, 10][case - 35]
            levels = [3, 4, 1000, 6][case % 4] + count // 4
            truth = random.integers(0, levels, count) / 8
            score = random.integers(0, levels, count) / 8 + truth * random.choice([0, 0.5, 1])
            if len(set(truth)) < 2 or len(set(score)) < 2:
                truth[0] += 1
                score[0] += 1
            write(file, "case", count)
            write(file, "truth", truth)
            write(file, "score", score)
            write(file, "weighted_tau", stats.weightedtau(truth, score, rank=None).statistic)
            write(file, "tau_b", stats.kendalltau(truth, score).statistic)
            best = score == score.max()
            write(file, "regret", truth.max() - truth[best].mean())
            k = 1 + case % min(count, 3)
            write(file, "recall", [k, expected_recall(truth, score, k)] if count < 8 else [0, 0])
            lists = numpy.stack([truth, score, random.integers(0, levels, count) / 8, truth * 0])
            ranks = numpy.stack([stats.rankdata(-row, method="average") for row in lists])
            write(file, "third", lists[2])
            write(file, "copeland", copeland(lists))
            write(file, "reciprocal", (1 / (60 + ranks)).mean(axis=0))
            z = [stats.zscore(row) if row.std() > 0 else row * 0 for row in lists]
            write(file, "mean_z", numpy.mean(z, axis=0))


def write_published():
    def rows(name):
        return csv.DictReader(open(f"{tables}/{name}.csv"))

    accuracy, scores, published = {}, {}, {}
    for row in rows("modelspider_finetune10"):
        accuracy.setdefault(row["dataset"], {})[row["model"]] = row["value"]
    for row in rows("modelspider_baseline_scores"):
        cell = scores.setdefault((row["metric"], row["dataset"]), {})
        cell[row["model"]] = row["value"]
    for row in rows("published_selection_results"):
        if row["zoo"].startswith("Model Spider single-source 10 "):
            published[row["method"], row["dataset"]] = row["value"]
    names = {"NLEEP": "N-LEEP", "PACTranDirichlet": "PACTran"}
    with open(f"{out}/published_tau.txt", "w") as file:
        for (method, dataset), cell in scores.items():
            name = names.get(method, method)
            models = sorted(cell)
            print("cell", name, dataset, published[name, dataset], len(models), file=file)
            print("truth", *(accuracy[dataset][model] for model in models), file=file)
            print("score", *(cell[model] for model in models), file=file)


write_cases()
write_published()
