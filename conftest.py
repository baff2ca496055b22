from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

# Examples build on each other, so `make docs` runs them apart from the tests and unshuffled.
pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "docs/*.md", "protocol/README.md", "protocol/spec/*.md"],
).pytest()
