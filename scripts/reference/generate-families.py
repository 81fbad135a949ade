"""Writes test/reference/families/FAMILY.json: tiny random models of each family and task, their logits, losses and gradients.

Run with PyTorch and transformers installed:  python scripts/reference/generate-families.py
Everything is computed by transformers in float64 from weights that are float32, with dropout off. Each file holds
`config` (a config.json), `encoder` (weights that its tasks share) and, for each task, the head's own weights, one
padded batch with targets (-100: not counted), the logits, the loss and the gradient of the loss for every parameter.
Tensors are { shape, data }, data being base64 of little-endian float32.
"""

import base64
import json
import pathlib

import numpy
import torch
import transformers

VOCABULARY, HIDDEN, LAYERS, HEADS, INTERMEDIATE, LENGTH = 48, 16, 2, 2, 24, 10
LENGTHS = [10, 4, 7, 3, 9]
NOT_COUNTED = -100
TASKS = {
    "classification": ("SequenceClassification", {"num_labels": 3, "problem_type": "single_label_classification"}),
    "regression": ("SequenceClassification", {"num_labels": 1, "problem_type": "regression"}),
    "multiLabel": ("SequenceClassification", {"num_labels": 4, "problem_type": "multi_label_classification"}),
    "tokenClassification": ("TokenClassification", {"num_labels": 5}),
    "maskedLanguage": ("MaskedLM", {}),
}


def configuration(family, extra):
    common = {"vocab_size": VOCABULARY, "attn_implementation": "eager", **extra}
    if family == "distilbert":
        return transformers.DistilBertConfig(
            dim=HIDDEN, n_layers=LAYERS, n_heads=HEADS, hidden_dim=INTERMEDIATE, max_position_embeddings=LENGTH + 2,
            dropout=0.0, attention_dropout=0.0, qa_dropout=0.0, seq_classif_dropout=0.0, **common)
    common |= {"hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
               "intermediate_size": INTERMEDIATE, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    if family == "roberta":
        return transformers.RobertaConfig(
            max_position_embeddings=LENGTH + 4, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, **common)
    return transformers.BertConfig(max_position_embeddings=LENGTH + 2, **common)


def draw(random, name, shape):
    around = 1.0 if "norm" in name.lower() and name.endswith(".weight") else 0.0
    return (around + 0.3 * random.standard_normal(shape)).astype(numpy.float32)


def draw_batch(random, family, pad):
    size = len(LENGTHS)
    ids = numpy.full((size, LENGTH), pad, dtype=numpy.int64)
    mask = numpy.zeros_like(ids)
    types = numpy.zeros_like(ids)
    for row, count in enumerate(LENGTHS):
        ids[row, :count] = random.integers(5, VOCABULARY, count)
        mask[row, :count] = 1
        if family == "bert":
            types[row, count // 2 : count] = 1
    batch = {"input_ids": ids, "attention_mask": mask}
    return batch if family == "distilbert" else batch | {"token_type_ids": types}


def draw_targets(random, task, mask, labels):
    size = len(LENGTHS)
    if task == "classification":
        return random.integers(0, labels, size)
    if task == "regression":
        return random.standard_normal(size).astype(numpy.float32).astype(numpy.float64)
    if task == "multiLabel":
        return random.integers(0, 2, (size, labels)).astype(numpy.float64)
    classes = labels if task == "tokenClassification" else VOCABULARY
    share = 0.8 if task == "tokenClassification" else 0.4
    counted = (mask == 1) & (random.random(mask.shape) < share)
    return numpy.where(counted, random.integers(0, classes, mask.shape), NOT_COUNTED)


def encoded(values):
    flat = numpy.ascontiguousarray(values, dtype="<f4")
    return {"shape": list(flat.shape), "data": base64.b64encode(flat.tobytes()).decode()}


def run_task(random, family, task, encoder, pad):
    architecture, extra = TASKS[task]
    config = configuration(family, extra)
    prefix = {"bert": "Bert", "distilbert": "DistilBert", "roberta": "Roberta"}[family]
    model = getattr(transformers, f"{prefix}For{architecture}")(config).double().eval()
    head = {}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            own = encoder if name.startswith(f"{family}.") else head
            if name not in own:
                own[name] = draw(random, name, tuple(parameter.shape))
            parameter.copy_(torch.from_numpy(own[name]))
    batch = draw_batch(random, family, pad)
    targets = draw_targets(random, task, batch["attention_mask"], extra.get("num_labels"))
    output = model(**{name: torch.from_numpy(part) for name, part in batch.items()}, labels=torch.from_numpy(targets))
    output.loss.backward()
    gradients = {name: encoded(parameter.grad.numpy()) for name, parameter in model.named_parameters() if parameter.grad is not None}
    return {
        "labelCount": extra.get("num_labels", VOCABULARY),
        "head": {name: encoded(values) for name, values in head.items()},
        "batch": {name: part.tolist() for name, part in batch.items()},
        "targets": targets.tolist(),
        "logits": encoded(output.logits.detach().numpy()),
        "loss": output.loss.item(),
        "gradients": gradients,
    }


def main():
    folder = pathlib.Path(__file__).parents[2] / "test" / "reference" / "families"
    folder.mkdir(parents=True, exist_ok=True)
    for seed, family in enumerate(("bert", "distilbert", "roberta")):
        random = numpy.random.default_rng(20240301 + seed)
        config = configuration(family, {})
        encoder = {}
        tasks = {task: run_task(random, family, task, encoder, config.pad_token_id) for task in TASKS}
        result = {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "family": family,
            "config": config.to_diff_dict() | {"model_type": family, "pad_token_id": config.pad_token_id},
            "encoder": {name: encoded(values) for name, values in encoder.items()},
            "tasks": tasks,
        }
        (folder / f"{family}.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")


main()
