"""`python -m ecgomics`: the same as the command `ecgomics`."""

import sys

from ecgomics.cli import main

if __name__ == "__main__":
    sys.exit(main())
