"""JSON that a stranger may have written, turned back into our frozen dataclasses: every value is checked, none is run."""

import math
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decode(kind: type[T], value: object, name: str = "header") -> T:
    """``value`` as ``kind``: a dataclass from an object with exactly its fields, a tuple from an array, a scalar.

    Args:
        kind: the annotation that the value must fit.
        value: what ``json.loads`` gave.
        name: how messages call it.

    Raises:
        ValueError: it does not fit; the message says where.
    """
    return cast(T, _decode(kind, value, name))


def _decode(kind: Any, value: Any, name: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        if not isinstance(value, dict) or value.keys() != {field.name for field in fields(kind)}:
            raise ValueError(f"{name} has other fields than this version writes")
        return cast(type, kind)(**{key: _decode(hints[key], part, f"{name}.{key}") for key, part in value.items()})
    if origin is UnionType:
        return None if value is None else _decode(next(one for one in inner if one is not type(None)), value, name)
    if origin is Literal:
        fits = isinstance(value, str) and value in inner
    elif origin is tuple and isinstance(value, list):
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        if len(kinds) == len(value):
            return tuple(_decode(one, part, f"{name}[{n}]") for n, (one, part) in enumerate(zip(kinds, value)))
        fits = False
    elif origin is dict and isinstance(value, dict):
        return {key: _decode(inner[1], part, f"{name}.{key}") for key, part in value.items()}
    elif kind is float:
        fits = type(value) in (int, float) and not math.isnan(value)
    else:
        fits = type(value) is kind
    if not fits:
        raise ValueError(f"{name} cannot be {str(value)[:40]!r}")
    return value
