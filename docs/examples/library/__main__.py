"""Run the library: `python -m docs.examples.library 8090`. Its description is at /openapi.json; Ctrl-C ends it."""

import signal
import sys

from docs.examples.library.service import KEY, running

with running(int(sys.argv[1])) as library:
    print(f"The library is at {library.url}; its key is {KEY}", flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
