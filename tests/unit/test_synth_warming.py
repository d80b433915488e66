"""Setting up compiles what people would otherwise wait for."""

from tenprint.synth import flow, growth, population, skeleton
from tenprint.synth.warming import warm


def test_after_warming_every_kernel_of_the_room_is_compiled() -> None:
    warm()
    modules = (flow, growth, population, skeleton)
    kernels = {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if hasattr(value, "py_func") and value.__module__ == module.__name__
    }
    assert len(kernels) >= 8
    assert [name for name, value in kernels.items() if not value.signatures] == []
