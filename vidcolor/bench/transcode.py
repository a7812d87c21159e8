"""The floor: the same film through FFmpeg's program with the same encoder settings, sound copied."""

from __future__ import annotations

from pathlib import Path

from vidcolor.pipeline.codecs import CODECS, encoder_name
from vidcolor.pipeline.encode import EncodeConfig, output_format
from vidcolor.pipeline.encoder_options import encoder_options
from vidcolor.pipeline.ffmpeg_program import find_ffmpeg
from vidcolor.pipeline.film_file import file_url
from vidcolor.pipeline.output_plan import default_output
from vidcolor.types import FilmInfo


def transcode_command(info: FilmInfo, config: EncodeConfig, folder: Path) -> list[str]:
    """Words of the command that decodes a film and encodes it again into ``folder`` as a run would."""
    form = output_format(info, config)
    codec = CODECS[form.codec]
    options = encoder_options(codec, config, form, info, side=None)
    return [
        *(find_ffmpeg(), "-v", "error", "-nostdin", "-y", "-i", file_url(info.path)),
        *("-map", f"0:{info.video_stream}", "-map", "0:a?", "-c:a", "copy", "-fps_mode", "passthrough"),
        *("-c:v", encoder_name(codec), "-pix_fmt", form.pixel_format),
        *(word for name, value in options.items() if value for word in (f"-{name}", value)),
        file_url(output_beside(info, config, folder / "plain")),
    ]


def output_beside(info: FilmInfo, config: EncodeConfig, path: Path) -> Path:
    """``path`` with the ending that a run would choose for this film and codec."""
    return path.with_suffix(default_output(info, output_format(info, config).codec).suffix)
