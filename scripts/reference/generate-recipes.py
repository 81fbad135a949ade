"""Writes test/reference/recipes.json: a tiny BERT classifier trained for a few steps by each recipe, and learning rates.

Run with PyTorch and transformers installed:  python scripts/reference/generate-recipes.py
Everything is computed in float64 from weights that are float32, dropout off. The file holds the first `parameters`, the
`batches` of the steps with their `rates`, for each recipe its losses, gradient norms and parameters after the last step,
and for each schedule the rates that transformers gives. Tensors are { shape, data }, base64 of little-endian float32.
Some words of the vocabulary occur in no batch: of them nothing but weight decay is left.
"""

import base64
import json
import math
import pathlib

import numpy
import torch
import transformers

CONFIG = {
    "family": "bert", "positionOffset": 0, "vocabularySize": 40, "hiddenSize": 8, "layers": 2, "heads": 2, "intermediateSize": 12,
    "maxPositions": 12, "typeVocabularySize": 2, "layerNormEpsilon": 1e-12, "initializerRange": 0.02,
}
LABELS, BATCH = 3, 8
RATES = [2e-3, 4e-3, 3e-3, 1e-3, 2e-3]
USED = [word for word in range(40) if word % 10 < 7]
DECAY = 0.1
RANK, ALPHA = 2, 4
PROJECTIONS = ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense"]


class Adapted(torch.nn.Module):
    """W x + b + alpha / rank * B (A x), W and b frozen (Hu et al., arXiv 2106.09685)."""

    def __init__(self, linear, down, up):
        super().__init__()
        self.linear, self.down, self.up = linear, torch.nn.Parameter(down), torch.nn.Parameter(up)

    def forward(self, x):
        return self.linear(x) + (x @ self.down.T) @ self.up.T * (ALPHA / RANK)


def new_model(start):
    config = transformers.BertConfig(
        vocab_size=CONFIG["vocabularySize"], hidden_size=CONFIG["hiddenSize"], num_hidden_layers=CONFIG["layers"],
        num_attention_heads=CONFIG["heads"], intermediate_size=CONFIG["intermediateSize"],
        max_position_embeddings=CONFIG["maxPositions"], type_vocab_size=CONFIG["typeVocabularySize"],
        layer_norm_eps=CONFIG["layerNormEpsilon"], hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        num_labels=LABELS, attn_implementation="eager")
    model = transformers.BertForSequenceClassification(config).double()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name not in start:
                around = 1.0 if name.endswith("LayerNorm.weight") else 0.0
                values = around + 0.4 * RANDOM.standard_normal(tuple(parameter.shape))
                start[name] = values.astype(numpy.float32)
            parameter.copy_(torch.from_numpy(start[name]))
    return model


def draw_batch():
    lengths = RANDOM.integers(2, 11, BATCH)
    return [{
        "tokenIds": RANDOM.choice(USED[1:], length).tolist(),
        "secondStart": int(RANDOM.integers(1, length + 1)),
        "label": int(RANDOM.integers(0, LABELS)),
    } for length in lengths]


def logits_of(model, examples):
    length = max(len(example["tokenIds"]) for example in examples)
    ids, types, mask = (numpy.zeros((len(examples), length), dtype=numpy.int64) for _ in range(3))
    for row, example in enumerate(examples):
        count = len(example["tokenIds"])
        ids[row, :count] = example["tokenIds"]
        types[row, example["secondStart"] : count] = 1
        mask[row, :count] = 1
    inputs = {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
    return model(**{name: torch.from_numpy(part) for name, part in inputs.items()}).logits


def depth_of(name):
    if name.startswith("bert.embeddings."):
        return 0
    if name.startswith("bert.encoder.layer."):
        return int(name.split(".")[3]) + 1
    return CONFIG["layers"] + 1


def adapt(model, adapters):
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(depth_of(name) > CONFIG["layers"])
    for index, layer in enumerate(model.bert.encoder.layer):
        for projection in PROJECTIONS:
            full = f"bert.encoder.layer.{index}.{projection}"
            parent = layer.get_submodule(projection.rpartition(".")[0]) if "." in projection else layer
            leaf = projection.rpartition(".")[2]
            down, up = (torch.from_numpy(adapters[f"{full}.lora_{part}.weight"].astype(numpy.float64)) for part in "AB")
            setattr(parent, leaf, Adapted(getattr(parent, leaf), down, up))


def plain_name(name):
    return name.replace(".down", ".lora_A.weight").replace(".up", ".lora_B.weight").replace(".linear.", ".")


def optimizer_of(model, recipe):
    top = CONFIG["layers"] + 1
    groups = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        decays = not name.endswith(".bias") and "LayerNorm" not in name
        factor = recipe.get("layerDecay", 1.0) ** (top - depth_of(name))
        groups.append({"params": [parameter], "weight_decay": recipe["weightDecay"] if decays else 0.0, "factor": factor})
    if recipe["optimizer"] == "sgd":
        return torch.optim.SGD(groups, lr=1.0, momentum=0.9)
    return torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.999), eps=1e-8)


def freeze(model, embeddings, layers):
    for name, parameter in model.named_parameters():
        depth = depth_of(name)
        if (depth == 0 and embeddings) or 0 < depth <= layers:
            parameter.requires_grad_(False)


def train(start, adapters, batches, recipe):
    model = new_model(start)
    if "freeze" in recipe:
        freeze(model, **recipe["freeze"])
    if "lora" in recipe:
        adapt(model, adapters)
    optimizer = optimizer_of(model, recipe)
    weights = torch.tensor(recipe["classWeights"], dtype=torch.float64) if "classWeights" in recipe else None
    size = BATCH // recipe.get("gradientAccumulation", 1)
    losses, norms = [], []
    for rate, batch in zip(RATES, batches):
        optimizer.zero_grad()
        labels = torch.tensor([example["label"] for example in batch])
        denominator = BATCH if weights is None else weights[labels].sum()
        total = 0.0
        for first in range(0, BATCH, size):
            part = torch.nn.functional.cross_entropy(
                logits_of(model, batch[first : first + size]), labels[first : first + size], weight=weights,
                label_smoothing=recipe.get("labelSmoothing", 0.0), reduction="sum") / denominator
            part.backward()
            total += part.item()
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        norms.append(torch.nn.utils.clip_grad_norm_(trained, recipe.get("gradientClipping") or math.inf).item())
        losses.append(total)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        optimizer.step()
    after = {plain_name(name): encoded(parameter.detach().numpy()) for name, parameter in model.named_parameters() if parameter.requires_grad}
    return {"recipe": recipe, "losses": losses, "gradientNorms": norms, "parametersAfter": after}


RECIPES = {
    "AdamW": {"optimizer": "adamw", "weightDecay": DECAY},
    "AdamW with clipping": {"optimizer": "adamw", "weightDecay": DECAY, "gradientClipping": 0.5},
    "AdamW without decay": {"optimizer": "adamw", "weightDecay": 0},
    "SGD": {"optimizer": "sgd", "weightDecay": DECAY},
    "SGD with clipping": {"optimizer": "sgd", "weightDecay": DECAY, "gradientClipping": 0.5},
    "a rate for each layer": {"optimizer": "adamw", "weightDecay": DECAY, "layerDecay": 0.7},
    "SGD, a rate for each layer": {"optimizer": "sgd", "weightDecay": DECAY, "layerDecay": 0.7},
    "frozen embeddings": {"optimizer": "adamw", "weightDecay": DECAY, "freeze": {"embeddings": True, "layers": 0}},
    "a frozen layer": {"optimizer": "adamw", "weightDecay": DECAY, "freeze": {"embeddings": True, "layers": 1}, "gradientClipping": 0.5},
    "label smoothing": {"optimizer": "adamw", "weightDecay": DECAY, "labelSmoothing": 0.1},
    "class weights": {"optimizer": "adamw", "weightDecay": DECAY, "classWeights": [0.5, 1, 2.5]},
    "class weights with smoothing": {"optimizer": "adamw", "weightDecay": DECAY, "classWeights": [0.5, 1, 2.5], "labelSmoothing": 0.2},
    "accumulation": {"optimizer": "adamw", "weightDecay": DECAY, "gradientAccumulation": 2, "classWeights": [0.5, 1, 2.5], "gradientClipping": 0.5},
    "adapters with SGD": {"optimizer": "sgd", "weightDecay": DECAY, "lora": {"rank": RANK, "alpha": ALPHA, "dropout": 0}},
    "adapters": {"optimizer": "adamw", "weightDecay": DECAY, "lora": {"rank": RANK, "alpha": ALPHA, "dropout": 0}},
}


def rates_of(schedule, highest, warmup, total):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=highest)
    scheduler = {
        "linear": lambda: transformers.get_linear_schedule_with_warmup(optimizer, warmup, total),
        "cosine": lambda: transformers.get_cosine_schedule_with_warmup(optimizer, warmup, total),
        "polynomial": lambda: transformers.get_polynomial_decay_schedule_with_warmup(optimizer, warmup, total, lr_end=1e-7, power=1.0),
        "constant": lambda: transformers.get_constant_schedule_with_warmup(optimizer, warmup),
        "inverseSquareRoot": lambda: transformers.get_inverse_sqrt_schedule(optimizer, warmup),
    }[schedule]()
    rates = []
    for _ in range(total):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return {"schedule": schedule, "learningRate": highest, "warmupSteps": warmup, "rates": rates}


def encoded(values):
    flat = numpy.ascontiguousarray(values, dtype="<f4")
    return {"shape": list(flat.shape), "data": base64.b64encode(flat.tobytes()).decode()}


def main():
    start = {}
    new_model(start)
    shapes = {"intermediate.dense": (CONFIG["hiddenSize"], CONFIG["intermediateSize"]), "output.dense": (CONFIG["intermediateSize"], CONFIG["hiddenSize"])}
    adapters = {}
    for index in range(CONFIG["layers"]):
        for projection in PROJECTIONS:
            inputs, outputs = shapes.get(projection, (CONFIG["hiddenSize"],) * 2)
            full = f"bert.encoder.layer.{index}.{projection}"
            adapters[f"{full}.lora_A.weight"] = (0.2 * RANDOM.standard_normal((RANK, inputs))).astype(numpy.float32)
            adapters[f"{full}.lora_B.weight"] = (0.2 * RANDOM.standard_normal((outputs, RANK))).astype(numpy.float32)
    batches = [draw_batch() for _ in RATES]
    schedules = [
        rates_of(schedule, highest, warmup, total)
        for schedule in ("linear", "cosine", "polynomial", "constant", "inverseSquareRoot")
        for highest, warmup, total in ((5e-5, 0, 12), (2e-3, 4, 15), (1e-4, 9, 10))
    ]
    result = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "config": CONFIG,
        "labelCount": LABELS,
        "vocabulary": USED[1:],
        "rates": RATES,
        "batches": batches,
        "parameters": {name: encoded(values) for name, values in start.items()},
        "adapters": {name: encoded(values) for name, values in adapters.items()},
        "recipes": {name: train(start, adapters, batches, recipe) for name, recipe in RECIPES.items()},
        "schedules": schedules,
    }
    target = pathlib.Path(__file__).parents[2] / "test" / "reference" / "recipes.json"
    target.write_text(json.dumps(result, separators=(",", ":")) + "\n")


RANDOM = numpy.random.default_rng(20240302)
main()
