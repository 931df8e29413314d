"""JSON that a stranger may have written, back in our frozen dataclasses: every value is checked, and none is run."""

import math
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decode(kind: type[T], value: object, name: str = "the header") -> T:
    """``value`` as ``kind``: a dataclass from an object with exactly its fields, a tuple from an array, a scalar.

    Args:
        kind: a dataclass, or the annotation of one's field.
        value: what ``json.loads`` gave.
        name: how messages call it.

    Raises:
        ValueError: it does not fit; the message says where.
    """
    inner: tuple[Any, ...] = get_args(kind)
    fits = type(value) is kind
    match get_origin(kind):
        case None if is_dataclass(kind) and isinstance(value, dict):
            return _decode_fields(kind, value, name)
        case None if kind is float:
            fits = type(value) in (int, float) and not math.isnan(cast(float, value))
        case origin if origin is UnionType:
            (some,) = (one for one in inner if one is not NoneType)
            return cast(T, None if value is None else decode(some, value, name))
        case origin if origin is Literal:
            fits = isinstance(value, str) and value in inner
        case origin if origin is tuple and isinstance(value, list):
            kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
            if len(kinds) == len(value):
                parts = zip(kinds, value, strict=True)
                return cast(T, tuple(decode(one, part, f"{name}[{n}]") for n, (one, part) in enumerate(parts)))
        case origin if origin is dict and isinstance(value, dict):
            return cast(T, {key: decode(inner[1], part, f"{name}.{key}") for key, part in value.items()})
    if not fits:
        raise ValueError(f"{name} cannot be {str(value)[:40]!r}")
    return cast(T, value)


def _decode_fields(kind: type[T], value: dict[str, object], name: str) -> T:
    if value.keys() != {field.name for field in fields(cast(Any, kind))}:
        raise ValueError(f"{name} has other fields than this version writes")
    hints = get_type_hints(kind)
    return kind(**{key: decode(hints[key], part, f"{name}.{key}") for key, part in value.items()})
