"""Draws the head of a classifier as transformers does for a seed, and prints it as JSON: { weight: [[number]], bias: [number] }.

Run by scripts/bench-accuracy.mjs --peer-head:  python draw-head.py MODEL --labels N --seed N
MODEL is a Hugging Face folder.
"""

import argparse
import json

import torch
import transformers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--labels", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(given.model, num_labels=given.labels)
    print(json.dumps({name: tensor.tolist() for name, tensor in model.classifier.state_dict().items()}))


main()
