"""Writes test/reference/tiny-bert.json: a small BERT classifier in float64, its gradients and some AdamW steps.

Run with PyTorch and NumPy installed:  python scripts/reference/generate.py
The model is written out here with elementary tensor operations, so that it shares nothing with the engine under test;
PyTorch contributes automatic differentiation. AdamW and clipping are written out as formulas.
"""

import json
import math
import pathlib

import numpy
import torch

CONFIG = {
    "family": "bert",
    "positionOffset": 0,
    "vocabularySize": 40,
    "hiddenSize": 16,
    "layers": 2,
    "heads": 2,
    "intermediateSize": 24,
    "maxPositions": 12,
    "typeVocabularySize": 2,
    "layerNormEpsilon": 1e-12,
    "initializerRange": 0.02,
}
LABELS = 3
LENGTHS = [10, 4, 7, 2, 9]
STEPS = 4
LEARNING_RATE, WEIGHT_DECAY, CLIPPING = 2e-3, 0.01, 0.5
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def parameter_shapes():
    hidden, wide = CONFIG["hiddenSize"], CONFIG["intermediateSize"]
    shapes = {
        "bert.embeddings.word_embeddings.weight": (CONFIG["vocabularySize"], hidden),
        "bert.embeddings.position_embeddings.weight": (CONFIG["maxPositions"], hidden),
        "bert.embeddings.token_type_embeddings.weight": (CONFIG["typeVocabularySize"], hidden),
    }

    def dense(name, outputs, inputs):
        shapes[f"{name}.weight"] = (outputs, inputs)
        shapes[f"{name}.bias"] = (outputs,)

    def norm(name):
        shapes[f"{name}.weight"] = (hidden,)
        shapes[f"{name}.bias"] = (hidden,)

    norm("bert.embeddings.LayerNorm")
    for layer in range(CONFIG["layers"]):
        prefix = f"bert.encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            dense(f"{prefix}.attention.self.{part}", hidden, hidden)
        dense(f"{prefix}.attention.output.dense", hidden, hidden)
        norm(f"{prefix}.attention.output.LayerNorm")
        dense(f"{prefix}.intermediate.dense", wide, hidden)
        dense(f"{prefix}.output.dense", hidden, wide)
        norm(f"{prefix}.output.LayerNorm")
    dense("bert.pooler.dense", hidden, hidden)
    dense("classifier", LABELS, hidden)
    return shapes


def draw_parameters(random):
    parameters = {}
    for name, shape in parameter_shapes().items():
        around = 1.0 if name.endswith("LayerNorm.weight") else 0.0
        values = around + 0.3 * random.standard_normal(shape)
        # The engine starts from float32: the float64 run starts from the very same numbers.
        parameters[name] = torch.tensor(values.astype(numpy.float32).astype(numpy.float64), requires_grad=True)
    return parameters


def draw_batch(random):
    length = max(LENGTHS)
    ids = numpy.zeros((len(LENGTHS), length), dtype=numpy.int64)
    types = numpy.zeros_like(ids)
    mask = numpy.zeros_like(ids)
    for row, count in enumerate(LENGTHS):
        ids[row, :count] = random.integers(1, CONFIG["vocabularySize"], count)
        types[row, count // 2 : count] = 1
        mask[row, :count] = 1
    labels = random.integers(0, LABELS, len(LENGTHS))
    return ids, types, mask, labels


def layer_norm(x, weight, bias):
    centred = x - x.mean(-1, keepdim=True)
    variance = (centred * centred).mean(-1, keepdim=True)
    return centred / torch.sqrt(variance + CONFIG["layerNormEpsilon"]) * weight + bias


def forward(p, ids, types, mask):
    heads = CONFIG["heads"]
    batch, length = ids.shape
    size = CONFIG["hiddenSize"] // heads

    def dense(name, x):
        return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]

    def norm(name, x):
        return layer_norm(x, p[f"{name}.weight"], p[f"{name}.bias"])

    def split(x):
        return x.reshape(batch, length, heads, size).permute(0, 2, 1, 3)

    x = (
        p["bert.embeddings.word_embeddings.weight"][ids]
        + p["bert.embeddings.position_embeddings.weight"][:length]
        + p["bert.embeddings.token_type_embeddings.weight"][types]
    )
    x = norm("bert.embeddings.LayerNorm", x)
    for layer in range(CONFIG["layers"]):
        prefix = f"bert.encoder.layer.{layer}"
        query, key, value = (split(dense(f"{prefix}.attention.self.{part}", x)) for part in ("query", "key", "value"))
        scores = query @ key.transpose(-1, -2) / math.sqrt(size)
        scores = scores.masked_fill(mask[:, None, None, :] == 0, -math.inf)
        weights = torch.exp(scores - scores.amax(-1, keepdim=True))
        weights = weights / weights.sum(-1, keepdim=True)
        joined = (weights @ value).permute(0, 2, 1, 3).reshape(batch, length, -1)
        x = norm(f"{prefix}.attention.output.LayerNorm", dense(f"{prefix}.attention.output.dense", joined) + x)
        wide = dense(f"{prefix}.intermediate.dense", x)
        wide = 0.5 * wide * (1 + torch.erf(wide / math.sqrt(2)))
        x = norm(f"{prefix}.output.LayerNorm", dense(f"{prefix}.output.dense", wide) + x)
    return dense("classifier", torch.tanh(dense("bert.pooler.dense", x[:, 0])))


def mean_loss(p, batch):
    ids, types, mask, labels = (torch.from_numpy(part) for part in batch)
    logits = forward(p, ids, types, mask)
    losses = torch.logsumexp(logits, -1) - logits.gather(1, labels[:, None])[:, 0]
    return losses.mean(), logits


def gradients_of(p, batch):
    for tensor in p.values():
        tensor.grad = None
    loss, logits = mean_loss(p, batch)
    loss.backward()
    return loss.item(), logits.detach(), {name: tensor.grad.clone() for name, tensor in p.items()}


def adamw(p, batch):
    first = {name: torch.zeros_like(tensor) for name, tensor in p.items()}
    second = {name: torch.zeros_like(tensor) for name, tensor in p.items()}
    losses, norms = [], []
    for step in range(1, STEPS + 1):
        loss, _, gradients = gradients_of(p, batch)
        norm = math.sqrt(sum((gradient * gradient).sum().item() for gradient in gradients.values()))
        losses.append(loss)
        norms.append(norm)
        with torch.no_grad():
            for name, tensor in p.items():
                gradient = gradients[name] * min(1.0, CLIPPING / (norm + 1e-6))
                if not name.endswith(".bias") and "LayerNorm" not in name:
                    tensor *= 1 - LEARNING_RATE * WEIGHT_DECAY
                first[name] = BETA1 * first[name] + (1 - BETA1) * gradient
                second[name] = BETA2 * second[name] + (1 - BETA2) * gradient * gradient
                denominator = torch.sqrt(second[name]) / math.sqrt(1 - BETA2**step) + EPSILON
                tensor -= LEARNING_RATE / (1 - BETA1**step) * first[name] / denominator
    return losses, norms


def flat(tensors):
    # Nine digits are more than float32 holds and keep the file small.
    return {name: [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()] for name, tensor in tensors.items()}


def main():
    random = numpy.random.default_rng(20240229)
    p = draw_parameters(random)
    batch = draw_batch(random)
    start = flat(p)
    loss, logits, gradients = gradients_of(p, batch)
    losses, norms = adamw(p, batch)
    ids, types, mask, labels = (part.tolist() for part in batch)
    result = {
        "torch": torch.__version__,
        "config": CONFIG,
        "labelCount": LABELS,
        "batch": {"tokenIds": ids, "tokenTypes": types, "mask": mask, "labels": labels},
        "recipe": {"learningRate": LEARNING_RATE, "weightDecay": WEIGHT_DECAY, "gradientClipping": CLIPPING},
        "shapes": {name: list(shape) for name, shape in parameter_shapes().items()},
        "parameters": start,
        "loss": loss,
        "logits": logits.tolist(),
        "gradients": flat(gradients),
        "losses": losses,
        "gradientNorms": norms,
        "parametersAfter": flat(p),
    }
    target = pathlib.Path(__file__).parents[2] / "test" / "reference" / "tiny-bert.json"
    target.write_text(json.dumps(result, separators=(",", ":")) + "\n")


main()
