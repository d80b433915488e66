"""Texts of rule files for tests: the head of a toy programme, and rules one by one."""

HEAD = """
[programme]
id = "toy"
version = "1"
title = "A toy"
effective_from = 2010-10-01
"""


def rule(
    when: str = "[{ fact = 'age', is = 3 }]",
    *,
    rule_id: str = "go-first",
    question: str = "go",
    outcome: str = "'yes'",
    **more: str | None,
) -> str:
    """Return a rule as TOML; `more` are further keys, and one that is None is left out."""
    lines = {
        "question": f"'{question}'",
        "id": f"'{rule_id}'",
        "when": when,
        "outcome": outcome,
        "basis": "'house'",
        "sentence": "'Yes.'",
        "source": "'none'",
    } | more
    return "[[rules]]\n" + "\n".join(f"{key} = {value}" for key, value in lines.items() if value is not None) + "\n"
