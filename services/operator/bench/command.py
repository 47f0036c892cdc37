"""Runs one bench and prints its figures."""

import argparse
import importlib
import json


def run(arguments: argparse.Namespace) -> int:
    """Print the figures; whatever they are, measuring them is a success."""
    bench = importlib.import_module(arguments.bench)
    figures = bench.measure(arguments)
    print(json.dumps(figures) if arguments.json else bench.table(figures))
    return 0
