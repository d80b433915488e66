"""Rules as dated data: programmes, the questions they answer, and decisions that name the rule that spoke.

Conditions over a flat, typed fact record; no code in rule files. `programme` reads them, `evaluate` answers for one
case with reasons, `columns` answers for many cases in NumPy.
"""
