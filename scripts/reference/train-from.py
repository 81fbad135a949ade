"""Fine-tunes with PyTorch from a start that is given to it: the weights with their head, and the examples of every step.

Run by scripts/bench-accuracy.mjs --start:  python train-from.py MODEL FOLDER --dropout P --seed N --threads N
MODEL is a Hugging Face folder (its config.json alone is read). FOLDER holds start.safetensors, every parameter under its
Hugging Face name, and plan.json: { labels, learningRate, warmupSteps, batches: [[row]], train, test: { ids, classes } }.
AdamW without decay, clipping at 1, a linear schedule. Prints { accuracy, loss } of the test rows as its last line.
"""

import argparse
import json
import pathlib

import torch
import transformers
from safetensors.torch import load_file

TEST_BATCH = 32


def padded(rows):
    width = max(map(len, rows))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return {"input_ids": ids, "attention_mask": mask}


def build(folder, start, labels, dropout):
    config = transformers.AutoConfig.from_pretrained(
        folder, num_labels=labels, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    missing, unexpected = model.load_state_dict(load_file(start), strict=False)
    if missing or unexpected:
        raise SystemExit(f"missing {missing}, unexpected {unexpected}")
    return model


def train(model, plan):
    optimizer = torch.optim.AdamW(model.parameters(), lr=plan["learningRate"], weight_decay=0.0)
    schedule = transformers.get_linear_schedule_with_warmup(
        optimizer, plan["warmupSteps"], len(plan["batches"]))
    ids, classes = plan["train"]["ids"], plan["train"]["classes"]
    model.train()
    for batch in plan["batches"]:
        labels = torch.tensor([classes[row] for row in batch])
        model(**padded([ids[row] for row in batch]), labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()


@torch.inference_mode()
def evaluate(model, rows):
    model.eval()
    right, loss, count = 0, 0.0, len(rows["ids"])
    for first in range(0, count, TEST_BATCH):
        labels = torch.tensor(rows["classes"][first:first + TEST_BATCH])
        logits = model(**padded(rows["ids"][first:first + TEST_BATCH])).logits
        right += int((logits.argmax(1) == labels).sum())
        loss += torch.nn.functional.cross_entropy(logits, labels, reduction="sum").item()
    return {"accuracy": right / count, "loss": loss / count}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    plan = json.loads((given.folder / "plan.json").read_text())
    model = build(given.model, given.folder / "start.safetensors", plan["labels"], given.dropout)
    torch.manual_seed(given.seed)
    train(model, plan)
    print(json.dumps(evaluate(model, plan["test"])))


main()
