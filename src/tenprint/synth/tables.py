"""Words and codes that biographies are made of. Nobody is called like this, and that is the point.

Colours, sexes and races after EBTS 8.001 Appendix C; offences from the NCIC offence code table; countries from the NCIC
table of states and countries as generally known (the table itself is not at hand: unverified).
"""

from __future__ import annotations

# fmt: off
SURNAMES = (
    "SPECIMEN", "EXAMPLE", "PLACEHOLDER", "FIXTURE", "SAMPLE", "PROTOTYPE", "MOCKUP", "DUMMY", "TESTCASE",
    "PATTERN", "TEMPLATE", "EXEMPLAR", "SYNTHETIC", "NOBODY", "INVENTED", "FICTION", "IMAGINARY", "UNREAL",
    "MADEUP", "PRETEND", "STANDIN", "PROXY", "SIMULATED", "ARTIFICIAL", "MANNEQUIN", "BLUEPRINT", "DRYRUN",
    "REHEARSAL", "HYPOTHESIS", "NONESUCH", "FIGMENT", "CONTRIVED",
)
GIVEN_NAMES_F = (
    "VEGA", "LYRA", "CARINA", "CASSIOPEIA", "ANDROMEDA", "BELLATRIX", "ADHARA", "MIRA", "CAPELLA", "SPICA",
    "BERYL", "OPAL", "GARNET", "AMETHYST", "CITRINE", "OLIVINE", "KUNZITE", "LARIMAR", "AZALEA", "BEGONIA",
    "CAMELLIA", "FREESIA", "GENTIAN", "ANEMONE", "MAGNOLIA", "VERBENA", "YARROW", "TANSY",
)
GIVEN_NAMES_M = (
    "RIGEL", "ALTAIR", "PROCYON", "SIRIUS", "ALDEBARAN", "ANTARES", "POLLUX", "CASTOR", "DENEB", "ARCTURUS",
    "BASALT", "FELDSPAR", "GNEISS", "GRANITE", "ZIRCON", "COBALT", "OBSIDIAN", "QUARTZ", "CEDAR", "HAWTHORN",
    "JUNIPER", "LARCH", "ROWAN", "SORREL", "THISTLE", "TEASEL", "BRACKEN", "ASPEN",
)
MIDDLE_NAMES = (
    "TEST", "DEMO", "TRIAL", "DRAFT", "SCRATCH", "NOTREAL", "STUB", "VOID",
)
# fmt: on
EYES = {"BRO": 0.52, "BLU": 0.17, "HAZ": 0.12, "GRN": 0.09, "BLK": 0.06, "GRY": 0.04}
HAIR = {"BLK": 0.38, "BRO": 0.37, "BLN": 0.10, "GRY": 0.06, "RED": 0.03, "SDY": 0.02, "BAL": 0.03, "WHI": 0.01}
RACES = {"W": 0.62, "B": 0.24, "A": 0.06, "I": 0.03, "U": 0.05}
US_STATES = ("TX", "CA", "NY", "IL", "VA", "MA", "FL", "AZ", "GA", "OH", "WA", "CO")
UNITED_STATES = "US"
FOREIGN_BIRTHPLACES = {
    "MM": 0.52,
    "GT": 0.12,
    "EL": 0.10,
    "HD": 0.10,
    "JM": 0.04,
    "PI": 0.05,
    "CD": 0.04,
    "PO": 0.03,
}
OFFENCES: tuple[tuple[str, str, float], ...] = (
    # NCIC code, literal, share among first charges
    ("5499", "TRAFFIC OFFENSE-REMARKS", 0.22),
    ("5404", "DRIVING UNDER INFLUENCE-LIQUOR", 0.15),
    ("5403", "DRIVING UNDER INFLUENCE-DRUGS", 0.02),
    ("5401", "HIT AND RUN", 0.02),
    ("1313", "SIMPLE ASSAULT", 0.12),
    ("2303", "SHOPLIFTING", 0.08),
    ("2399", "LARCENY-REMARKS", 0.06),
    ("3562", "MARIJUANA-POSSESSION", 0.08),
    ("3560", "MARIJUANA-SELL", 0.02),
    ("5311", "DISORDERLY CONDUCT-REMARKS", 0.06),
    ("5707", "TRESPASSING-REMARKS", 0.05),
    ("5015", "FAILURE TO APPEAR-REMARKS", 0.04),
    ("2202", "BURGLARY-FORCED ENTRY-RESIDENCE", 0.03),
    ("2404", "VEHICLE THEFT", 0.02),
    ("1204", "ROBBERY-STREET-GUN", 0.01),
    ("2589", "FORGERY-REMARKS", 0.01),
    ("4104", "LIQUOR-POSSESSION", 0.01),
)
IMMIGRATION_STATUSES: dict[str, tuple[float, tuple[str, ...]]] = {
    # status of ARCHITECTURE section 7: share among the known, possible legal grounds
    "citizen": (0.10, ("NATURALIZED, CERTIFICATE ON FILE", "DERIVED CITIZENSHIP AS A CHILD")),
    "permanent_resident": (0.22, ("LAWFUL PERMANENT RESIDENT",)),
    "other_lawful": (0.16, ("TEMPORARY PROTECTED STATUS, INA 244", "NONIMMIGRANT, ADMITTED AND IN STATUS")),
    "removable": (0.22, ("INA 212(A)(6)(A)(I) PRESENT WITHOUT ADMISSION", "INA 237(A)(1)(B) OVERSTAY")),
    "in_proceedings": (0.10, ("NOTICE TO APPEAR FILED, INA 240",)),
    "final_order": (0.10, ("FINAL ORDER OF REMOVAL, INA 241",)),
    "unknown": (0.10, ("RECORD FOUND, STATUS NOT DETERMINED",)),
}
