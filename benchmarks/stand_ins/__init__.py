"""The stand-ins of the tests as servers with enforced limits, for the benchmark of activation."""
