"""``python -m forecasting``: the same as the command ``forecasting``."""

import sys

from forecasting.cli import main

if __name__ == "__main__":
    sys.exit(main())
