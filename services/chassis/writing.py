"""Writing an answer as JSON: by the encoder that is three times as fast as the schema's own, where both write the same.

A schema knows how each of its values is written, and asks what it is. Where nothing about that is special (no alias, no
serializer of its own, nothing left out), what a model holds is what is written. Everything else the schema writes.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import time
from functools import cached_property
from typing import Any, ClassVar, Final, NamedTuple, Self
from uuid import UUID

import orjson
from fastapi._compat import ModelField

_PLAIN: Final = frozenset(
    {
        "bool", "date", "datetime", "default", "definition-ref", "definitions", "dict", "enum", "float", "frozenset",
        "function-after", "int", "list", "literal", "model", "model-field", "model-fields", "nullable", "str",
        "tagged-union", "uuid",
    }
)  # fmt: skip
"""Kinds of schemas whose values both write alike; a `time` as well, once it is text: the encoder errs there."""
_AROUND: Final = frozenset({"default", "function-after", "model-field", "nullable"})
_SPECIAL: Final = frozenset(
    {"serialization", "serialization_alias", "serialization_exclude", "serialization_exclude_if", "root_model"}
)
_OPTIONS: Final = orjson.OPT_UTC_Z

_Schema = Mapping[str, Any]


class WrittenDifferentlyError(Exception):
    """The schema writes an answer otherwise: a mistake of ours."""


class Writer:
    """Writes what a route answers."""

    is_checked: ClassVar[bool] = False
    """Whether each answer is compared with what the schema writes; tests want that."""

    def __init__(self, field: ModelField, models: Mapping[type, "_Model"] | None) -> None:
        self._field = field
        self._plain = None if models is None else _plain(models)

    @classmethod
    def of(cls, field: ModelField) -> Self:
        """Read what the framework knows of an answer."""
        schemas = list(_schemas(field._type_adapter.core_schema))  # noqa: SLF001 - the framework does not show it
        if not all(map(_is_plain, schemas)):
            return cls(field, None)
        models = {schema["cls"]: _Model.of(schema["schema"]) for schema in schemas if schema["type"] == "model"}
        return cls(field, None if any(_holds_more(one, models) for one in models) else models)

    @property
    def is_plain(self) -> bool:
        """Whether the fast encoder may write it."""
        return self._plain is not None

    def write(self, value: Any) -> bytes:
        """Return an answer, which the schema has validated, as JSON.

        Raises:
            WrittenDifferentlyError: That is checked, and it is not what the schema writes.
        """
        written = self._written(value)
        if Writer.is_checked and written != self._field.serialize_json(value):
            raise WrittenDifferentlyError(written)
        return written

    def _written(self, value: Any) -> bytes:
        if self._plain is not None:
            try:
                return orjson.dumps(value, default=self._plain, option=_OPTIONS)
            except TypeError:
                # Something is in it that no schema of it tells of.
                pass
        return self._field.serialize_json(value)


class _Model(NamedTuple):
    """What there is to know of a model beside what one holds."""

    size: int
    times: tuple[str, ...]

    @classmethod
    def of(cls, schema: _Schema) -> Self:
        """Read its fields."""
        fields: Mapping[str, _Schema] = schema["fields"]
        return cls(len(fields), tuple(name for name, one in fields.items() if _is_time(one)))


def _plain(models: Mapping[type, _Model]) -> Callable[[Any], Any]:
    """Return what makes of a model, and of what the encoder does not know, what it does."""

    def plain(value: Any) -> Any:
        model = models.get(type(value))
        if model is not None:
            held: dict[str, Any] = value.__dict__
            if len(held) != model.size:
                raise TypeError
            return held if not model.times else held | {name: _text(held[name]) for name in model.times}
        if isinstance(value, UUID):
            # The driver's are of a class of their own.
            return str(value)
        if isinstance(value, frozenset):
            return sorted(value)
        raise TypeError

    return plain


def _text(at: time | None) -> str | None:
    return None if at is None else at.isoformat()


def _is_time(schema: _Schema) -> bool:
    while schema["type"] in _AROUND and "schema" in schema:
        schema = schema["schema"]
    kind: str = schema["type"]
    return kind == "time"


def _schemas(schema: _Schema) -> Iterator[_Schema]:
    """Give a schema and all that it is made of; of one that is not plain it does not matter what."""
    yield schema
    if not _is_known(schema):
        return
    parts = [schema[name] for name in ("schema", "items_schema", "values_schema") if name in schema]
    named = [one for one in schema.get("fields", {}).values() if not _is_time(one)]
    named += schema.get("choices", {}).values()
    for part in [*parts, *named, *schema.get("definitions", ())]:
        yield from _schemas(part)


def _is_known(schema: _Schema) -> bool:
    return schema["type"] in _PLAIN


def _is_plain(schema: _Schema) -> bool:
    if schema["type"] == "frozenset":
        return schema.get("serialization", {}).get("function") is sorted
    is_known = _is_known(schema) and not any(schema.get(name) for name in _SPECIAL)
    if schema["type"] == "dict":
        is_known = is_known and schema.get("keys_schema", {}).get("type") == "str"
    if schema["type"] == "model-fields":
        is_known = is_known and not schema.get("computed_fields") and "extras_schema" not in schema
    return is_known and not any(name.startswith("ser_json") for name in schema.get("config", {}))


def _holds_more(model: type, models: Mapping[type, Any]) -> bool:
    """Say whether one of this class may hold what its schema leaves out: what it keeps, or what a child has more."""
    keeps = any(isinstance(member, cached_property) for one in model.__mro__ for member in vars(one).values())
    return keeps or any(other is not model and issubclass(other, model) for other in models)
