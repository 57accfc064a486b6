"""All that any command imports: for the fork server, from which commands are forked."""

from sqlalchemy.orm import configure_mappers

from evergrant.cli.main import VERBS
from evergrant.cli.verbs import Verb

for _name, _of, _words, _epilog in VERBS:
    Verb(_name, _of, _words, _epilog).loaded()
configure_mappers()  # else each of them does it at its first query
