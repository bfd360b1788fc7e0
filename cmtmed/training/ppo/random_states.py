"""The states of all random number generators, as a checkpoint holds them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypedDict

import torch

if TYPE_CHECKING:
    from torch import Tensor


class RandomStates(TypedDict):
    """The states of a process, in types that ``torch.load(weights_only=True)`` reads.

    Attributes:
        python: version, state words and the cached Gaussian of `random.getstate`.
        numpy: name, keys, position, whether a Gaussian is cached, and the Gaussian of ``numpy.random.get_state``.
        torch: of the CPU generator.
        cuda: of each GPU.
    """

    python: tuple[int, list[int], float | None]
    numpy: tuple[str, Tensor, int, int, float]
    torch: Tensor
    cuda: list[Tensor]


def capture_random_states() -> RandomStates:
    """Return the current states."""
    import numpy as np

    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached_gauss = np.random.get_state()  # noqa: NPY002 (the state that callables use)
    return {
        "python": (version, list(words), gauss),
        "numpy": (
            str(name),
            torch.from_numpy(np.asarray(keys).astype("int64")),
            int(position),
            int(has_gauss),
            float(cached_gauss),
        ),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_states(states: RandomStates) -> None:
    """Restore captured states; those of GPUs only if their number is the same."""
    import numpy as np

    version, words, gauss = states["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, *numpy_state = states["numpy"]
    np.random.set_state((name, keys.numpy().astype("uint32"), *numpy_state))  # noqa: NPY002
    torch.set_rng_state(states["torch"])
    if len(states["cuda"]) == torch.cuda.device_count() and states["cuda"]:
        torch.cuda.set_rng_state_all(states["cuda"])
