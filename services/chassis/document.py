"""What every operation's OpenAPI description says of problems, instead of what the framework assumes."""

from typing import Any, Final

_PROBLEM: Final = "application/problem+json"
_SCHEMA: Final = {"$ref": "#/components/schemas/ProblemDetails"}
_ANY_OTHER: Final = {
    "description": "A problem document (RFC 9457); errors names refused members",
    "content": {_PROBLEM: {"schema": _SCHEMA}},
}
_ASSUMED: Final = ("HTTPValidationError", "ValidationError")


def describe_problems(document: dict[str, Any]) -> None:
    """Document each refusal as a problem document, in its one media type; changes the document in place."""
    for item in document["paths"].values():
        for operation in item.values():
            _describe(operation["responses"])
    for name in _ASSUMED:
        document["components"]["schemas"].pop(name, None)


def _describe(responses: dict[str, Any]) -> None:
    for response in responses.values():
        if _PROBLEM in response.get("content", {}):
            response["content"] = {_PROBLEM: response["content"][_PROBLEM]}
    if _PROBLEM not in responses.get("422", {}).get("content", {}):
        responses.pop("422", None)
    responses["default"] = _ANY_OTHER
