"""What the editions of DBOS share: a program that runs flows in its own process, on an empty database."""

import contextlib
import os

from measuring import WARM_UP_SECONDS, Loaded, database, output


def dbos(command, **environment):
    """A program that is given how many flows to run at once, for how long, and how long before that to warm up."""

    @contextlib.contextmanager
    def prepare(_folder):
        with database("dbos") as address:
            more = {**os.environ, **environment, "DBOS_DATABASE_URL": address}

            def load(at_once, seconds):
                printed = output([*command, at_once, seconds, WARM_UP_SECONDS], env=more)
                return Loaded.of_times(printed.splitlines()[-1])

            yield load

    return prepare
