"""What a client raises where a service refuses."""

from services.contracts.problems import ProblemDetails


class RefusedError(Exception):
    """The service answered with a problem document.

    Its text is the problem's own, which never holds a refused value or a person's data.
    """

    def __init__(self, problem: ProblemDetails) -> None:
        where = "; ".join(f"{field.pointer or field.location}: {field.detail}" for field in problem.errors)
        super().__init__(f"{problem.detail} ({where})" if where else problem.detail)
        self.problem = problem
