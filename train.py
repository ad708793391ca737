"""Train a network on a text: `python train.py TEXT` is `charrnn train TEXT`."""

import sys

from charrnn.commands import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
