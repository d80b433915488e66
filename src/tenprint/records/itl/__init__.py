"""ANSI/NIST-ITL files in the traditional encoding, and the EBTS profiles of them."""
