"""`python -m charrnn` is `charrnn`."""

import sys

from charrnn.commands import main

sys.exit(main())
