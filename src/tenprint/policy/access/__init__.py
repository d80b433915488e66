"""Who may see or do what: Cedar policies, roles, actions, and which fields of a person's data a role sees.

    house_access().decide("officer", "field_office", Action.READ_CASE, party="jail")      -> Verdict
    masked("jail_clerk", {"name": "…", "fin": "…"})                                       -> Visible

Policies and schema are `*.cedar` and `schema.cedarschema` beside this file; titles, desks and fields are `access.toml`.
"""

from tenprint.policy.access.masks import HIDDEN, Mask, Visible, masked
from tenprint.policy.access.policies import DEFAULT_DENY, Access, Verdict, house_access
from tenprint.policy.access.tables import FieldClass, RoleEntry, Tables, house_tables
from tenprint.policy.access.words import PUBLIC, Action, OfficialRole

__all__ = [
    "DEFAULT_DENY", "HIDDEN", "PUBLIC", "Access", "Action", "FieldClass", "Mask", "OfficialRole", "RoleEntry", "Tables",
    "Verdict", "Visible", "house_access", "house_tables", "masked",
]  # fmt: skip
