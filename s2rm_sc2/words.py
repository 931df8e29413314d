"""Words that depend on a number."""


def counted(number: int, what: str) -> str:
    """``1 battle``, ``2,000 battles``; ``what`` is the word for one of them, whose plural ends in s."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
