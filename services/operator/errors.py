"""The base of everything the operator refuses."""


class OperatorError(Exception):
    """A refusal whose message tells the person at the terminal what to do next."""
