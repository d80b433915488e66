"""Setting up compiles what people would otherwise wait for."""

from tenprint.synth import flow, growth, population, skeleton
from tenprint.synth.warming import warm

ENTRY_KERNELS = (
    flow._orientation,
    flow._waves,
    growth._filter_once,
    population._keep_apart,
    skeleton._thin_in_place,
    skeleton._crossings,
    skeleton._remove_spurs,
)


def test_after_warming_every_kernel_that_python_calls_is_compiled() -> None:
    warm()
    assert [kernel.__name__ for kernel in ENTRY_KERNELS if not kernel.signatures] == []
