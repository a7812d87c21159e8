"""Running out of memory, in whatever words, and making room again."""

from __future__ import annotations

import gc

import torch

_WORDS = ("out of memory", "ALLOC_FAILED", "can't allocate memory", "not enough memory")
"""How CUDA, its libraries and torch's own allocator say it in a plain RuntimeError."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the memory of the device, or of the computer, does not suffice."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _WORDS)


def free_memory() -> None:
    """Give back what nobody holds any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
