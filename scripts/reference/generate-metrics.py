"""Writes test/reference/metrics.json: made-up predictions of each task and their metrics.

Run with scikit-learn, SciPy and seqeval installed:  python scripts/reference/generate-metrics.py
Logits are rounded to two digits so that scores tie. null stands for a metric that is not defined.
"""

import json
import pathlib
import warnings

import numpy
import scipy.special
import scipy.stats
import seqeval.metrics
import sklearn
import sklearn.metrics as skm

BINS = 15


def defined(values):
    kept = [value for value in values if value is not None]
    return float(numpy.mean(kept)) if kept else None


def ranking(truth, scores):
    positives = int(truth.sum())
    area = None if positives in (0, len(truth)) else float(skm.roc_auc_score(truth, scores))
    precision = None if positives == 0 else float(skm.average_precision_score(truth, scores))
    return area, precision


def calibration_error(confidence, right):
    edges = numpy.arange(1, BINS) / BINS
    bins = numpy.searchsorted(edges, confidence, side="left")
    error = 0.0
    for index in range(BINS):
        members = bins == index
        if members.any():
            error += members.mean() * abs(right[members].mean() - confidence[members].mean())
    return float(error)


def per_class(truth, predicted, classes):
    columns = skm.precision_recall_fscore_support(truth, predicted, labels=range(classes), zero_division=0)
    return [dict(zip(("precision", "recall", "f1", "support"), map(float, row))) for row in zip(*columns)]


def f1(truth, predicted, average):
    return float(skm.f1_score(truth, predicted, average=average, zero_division=0))


def classification(logits, labels):
    classes = logits.shape[1]
    probabilities = scipy.special.softmax(logits, axis=1)
    predicted = logits.argmax(1)
    one_hot = numpy.eye(classes)[labels]
    rankings = [ranking(labels == index, probabilities[:, index]) for index in range(classes)]
    loss = float(-scipy.special.log_softmax(logits, axis=1)[numpy.arange(len(labels)), labels].mean())
    return {
        "task": "classification", "labelCount": classes, "logits": logits.tolist(), "labels": labels.tolist(),
        "metrics": {
            "loss": loss,
            "accuracy": float((predicted == labels).mean()),
            "macroF1": f1(labels, predicted, "macro"),
            "weightedF1": f1(labels, predicted, "weighted"),
            "matthews": float(skm.matthews_corrcoef(labels, predicted)),
            "logLoss": float(skm.log_loss(labels, probabilities, labels=range(classes))),
            "brier": float(((probabilities - one_hot) ** 2).sum(1).mean()),
            "expectedCalibrationError": calibration_error(probabilities.max(1), predicted == labels),
            "rocAuc": defined([area for area, _ in rankings]),
            "averagePrecision": defined([precision for _, precision in rankings]),
            "perClass": per_class(labels, predicted, classes),
            "confusionMatrix": skm.confusion_matrix(labels, predicted, labels=range(classes)).tolist(),
        },
    }


def multi_label(logits, targets):
    predicted = (logits >= 0).astype(int)
    classes = logits.shape[1]
    rankings = [ranking(targets[:, index], logits[:, index]) for index in range(classes)]
    loss = numpy.maximum(logits, 0) - logits * targets + numpy.log1p(numpy.exp(-numpy.abs(logits)))
    return {
        "task": "multiLabel", "labelCount": classes, "logits": logits.tolist(), "targets": targets.tolist(),
        "metrics": {
            "loss": float(loss.mean()),
            "subsetAccuracy": float(skm.accuracy_score(targets, predicted)),
            "hammingLoss": float(skm.hamming_loss(targets, predicted)),
            "microF1": f1(targets, predicted, "micro"),
            "macroF1": f1(targets, predicted, "macro"),
            "weightedF1": f1(targets, predicted, "weighted"),
            "rocAuc": defined([area for area, _ in rankings]),
            "averagePrecision": defined([precision for _, precision in rankings]),
            "perLabel": [
                row | {"rocAuc": area, "averagePrecision": precision}
                for row, (area, precision) in zip(per_class(targets, predicted, classes), rankings)
            ],
        },
    }


def regression(predictions, targets):
    constant = len(set(predictions)) == 1 or len(set(targets)) == 1
    mse = float(skm.mean_squared_error(targets, predictions))
    return {
        "task": "regression", "predictions": predictions.tolist(), "targets": targets.tolist(),
        "metrics": {
            "loss": mse,
            "mse": mse,
            "rmse": mse**0.5,
            "mae": float(skm.mean_absolute_error(targets, predictions)),
            "r2": None if len(set(targets)) == 1 else float(skm.r2_score(targets, predictions)),
            "pearson": None if constant else float(scipy.stats.pearsonr(targets, predictions).statistic),
            "spearman": None if constant else float(scipy.stats.spearmanr(targets, predictions).statistic),
        },
    }


def token_classification(random, names, lengths):
    rows = sum(lengths)
    labels = random.integers(0, len(names), rows)
    logits = numpy.round(random.standard_normal((rows, len(names))) + 2 * numpy.eye(len(names))[labels], 2)
    labels = numpy.where(random.random(rows) < 0.8, labels, -1)
    offsets = numpy.concatenate([[0], numpy.cumsum(lengths)])
    predicted = logits.argmax(1)
    counted = labels >= 0
    spans = [(offsets[i], offsets[i + 1]) for i in range(len(lengths))]
    truth_tags = [[names[labels[t]] for t in range(*span) if counted[t]] for span in spans]
    predicted_tags = [[names[predicted[t]] for t in range(*span) if counted[t]] for span in spans]
    entities = None
    if "O" in names:
        report = seqeval.metrics.classification_report(truth_tags, predicted_tags, output_dict=True, zero_division=0)
        rename = lambda row: {"precision": float(row["precision"]), "recall": float(row["recall"]), "f1": float(row["f1-score"]), "support": float(row["support"])}
        types = sorted(name for name in report if not name.endswith(" avg"))
        entities = rename(report["micro avg"]) | {"perType": [{"type": name} | rename(report[name]) for name in types]}
    log_probabilities = scipy.special.log_softmax(logits, axis=1)
    return {
        "task": "tokenClassification", "labelCount": len(names), "labelNames": names, "rowOffsets": offsets.tolist(),
        "logits": logits.tolist(), "labels": labels.tolist(),
        "metrics": {
            "loss": float(-log_probabilities[numpy.arange(rows)[counted], labels[counted]].mean()),
            "tokens": int(counted.sum()),
            "accuracy": float((predicted == labels)[counted].mean()),
            "macroF1": f1(labels[counted], predicted[counted], "macro"),
            "weightedF1": f1(labels[counted], predicted[counted], "weighted"),
            "perClass": per_class(labels[counted], predicted[counted], len(names)),
            "confusionMatrix": skm.confusion_matrix(labels[counted], predicted[counted], labels=range(len(names))).tolist(),
            "entities": entities,
        },
    }


def main():
    warnings.simplefilter("ignore")
    random = numpy.random.default_rng(20240302)
    draw = lambda rows, classes: numpy.round(random.standard_normal((rows, classes)), 1)
    labels = random.integers(0, 4, 60)
    # Class 3 is never a label and class 4 neither label nor prediction.
    labels_of_three = random.integers(0, 3, 50)
    five = draw(50, 5) + 1.5 * numpy.eye(5)[labels_of_three]
    five[:, 4] = -9.0
    targets = random.integers(0, 2, (40, 5))
    targets[:, 3], targets[:, 4] = 0, 1
    values = numpy.round(random.standard_normal(45), 1)
    sets = {
        "four classes": classification(numpy.round(draw(60, 4) + numpy.eye(4)[labels], 2), labels),
        # One logit is 0, so that probabilities tie exactly where the other logits do.
        "two classes": classification(draw(55, 2) * [0, 1], random.integers(0, 2, 55)),
        "classes that do not occur": classification(numpy.round(five, 2), labels_of_three),
        "one class only": classification(draw(12, 2), numpy.zeros(12, dtype=int)),
        "labels everywhere and nowhere": multi_label(numpy.round(draw(40, 5) + targets - 0.5, 2), targets),
        "values with ties": regression(numpy.round(values + 0.8 * random.standard_normal(45), 1), values),
        "constant predictions": regression(numpy.full(45, 0.1), values),
        "constant targets": regression(values, numpy.full(45, 0.1)),
        "entities": token_classification(random, ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"], [7, 1, 12, 9, 30, 4]),
        "parts of speech": token_classification(random, ["NOUN", "VERB", "OTHER"], [5, 8, 3]),
    }
    target = pathlib.Path(__file__).parents[2] / "test" / "reference" / "metrics.json"
    result = {"scikit-learn": sklearn.__version__, "scipy": scipy.__version__, "sets": sets}
    target.write_text(json.dumps(result, separators=(",", ":")) + "\n")


main()
