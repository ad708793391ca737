"""Write text with a trained network: the same as `charrnn generate`."""

import sys

from charrnn.commands import main

if __name__ == "__main__":
    sys.exit(main(["generate", *sys.argv[1:]]))
