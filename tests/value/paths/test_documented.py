"""The examples of the documentation run, and give what stands there."""

import doctest

from perennial.settings import REPOSITORY


def test_every_example_of_the_documentation_gives_what_it_says():
    outcome = doctest.testfile(str(REPOSITORY / "docs" / "paths.md"), module_relative=False)
    assert outcome.attempted > 20
    assert outcome.failed == 0
