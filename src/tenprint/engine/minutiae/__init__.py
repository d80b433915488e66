"""Minutiae by the LEADER network: its weights, its graph with fused steps, and what its answer means.

LEADER (Lightweight End-to-end Attention-gated Dual Encoder-decodeR) is by Raffaele Cappelli,
https://arxiv.org/abs/2602.15493; its weights come from the package `pyfing` 0.7.3 (MIT). What it was trained on is not
published with the weights: say so wherever its accuracy is quoted.
"""
