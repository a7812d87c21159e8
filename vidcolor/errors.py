"""Every error a person can cause, in one tree, so that the command line catches one root.

The message is one sentence: what is wrong, where, and what would be right. A traceback is for our own mistakes only.
"""


class VidcolorError(Exception):
    """Root of all errors that a person can mend; the command line prints the message and exits with status 1."""


class FilmError(VidcolorError):
    """A film cannot be opened, decoded or has no pictures."""


class OutputError(VidcolorError):
    """An output cannot be written: codec, container, folder or disk."""


class ReferencesError(VidcolorError):
    """References are missing, unreadable or lost."""


class ManifestError(VidcolorError):
    """The manifest is not well-formed, does not tile the film, or names what does not exist."""


class ConfigError(VidcolorError):
    """A configuration key or value is not known."""


class CheckpointError(VidcolorError):
    """A weights file is missing, foreign or does not fit its network."""


class MemoryShortError(VidcolorError):
    """The memory of the device does not hold a single picture."""


class ImagesError(VidcolorError):
    """Folders of pictures do not fit together, or a picture cannot be read."""


class TrainingError(VidcolorError):
    """Training data are missing, or training diverged."""


class BenchError(VidcolorError):
    """What was to be measured failed."""


class EngineError(VidcolorError):
    """Worker processes or the machines of a cluster cannot be had, or are lost again and again."""


class TuringError(VidcolorError):
    """Answers of raters cannot be read or do not fit the pictures, or their page cannot be served."""
