"""Cases of the media table: what travels beside the pictures, time, shape, and file names."""

from __future__ import annotations

from pathlib import Path

from media_case import PICTURES, Case, drawn, encode
from media_formats import SOUND, X264

SUBTITLES = """1
00:00:00,100 --> 00:00:00,400
Hello
"""
CHAPTERS = """;FFMETADATA1
title=A film
artist=Somebody
[CHAPTER]
TIMEBASE=1/1000
START=0
END=250
title=One
[CHAPTER]
TIMEBASE=1/1000
START=250
END=500
title=Two
"""
SOUNDS = "-f lavfi -i sine=duration=0.5 -f lavfi -i sine=440:duration=0.5 -f lavfi -i sine=880:duration=0.5"


def beside(file: str, options: str, *inputs: str):  # type: ignore[no-untyped-def]
    """A maker whose inputs may name words.srt, chapters.txt, cover.png and letters.ttf in ``{folder}``."""

    def make(folder: Path) -> Path:
        (folder / "words.srt").write_text(SUBTITLES)
        (folder / "chapters.txt").write_text(CHAPTERS)
        (folder / "letters.ttf").write_bytes(b"a font" * 100)
        encode(folder / "cover.png", "-frames:v 1", PICTURES)
        return encode(folder / file, options, PICTURES, *inputs)

    return make


def turned(name: str, rotation: str) -> Case:
    """A film that players turn."""

    def make(folder: Path) -> Path:
        film = encode(folder / "plain.mp4", X264, PICTURES)
        return encode(folder / "film.mp4", "-c copy", f"{rotation} -i {film}")

    return Case(name, make)


def uneven(folder: Path) -> Path:
    """Variable frame rate with gaps of seconds."""
    gaps = "-vf setpts=(N*N*N*7+N*40)/1000/TB -fps_mode passthrough -enc_time_base 1/1000 -video_track_timescale 1000"
    return encode(folder / "film.mp4", f"{X264} {gaps}", PICTURES)


def cut_by_edit_list(folder: Path) -> Path:
    """Copied from the middle of a group of pictures: an edit list hides the first ones."""
    film = encode(folder / "long.mp4", f"{X264} -preset medium -bf 3 -g 12", "-f lavfi -i testsrc2=s=96x64:r=24:d=2")
    return encode(folder / "film.mp4", "-c copy", f"-ss 0.8 -i {film}")


def named(name: str) -> Case:
    """A film under a name that a shell or FFmpeg might take for something else."""

    def make(folder: Path) -> Path:
        film = encode(folder / "plain.mp4", X264, PICTURES)
        return film.rename(folder / name)

    return Case(f"named {name!r}", make)


KLV = "-f data -i {folder}/letters.ttf"
OPEN_GOP = "-c:v libx264 -preset medium -bf 3 -x264-params open-gop=1:keyint=8:min-keyint=4 -pix_fmt yuv420p"
THREE = (
    "-map 0 -map 1 -map 2 -map 3 -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu -metadata:s:a:2 language=fra"
    " -metadata:s:a:1 title=Ton -disposition:a:0 0 -disposition:a:1 default -disposition:a:2 comment"
)

STREAM_CASES = [
    Case("three sounds, languages, flags, mkv", drawn("film.mkv", f"{X264} {THREE} -c:a flac", SOUNDS)),
    Case("three sounds, languages, flags, mp4", drawn("film.mp4", f"{X264} {THREE} -c:a aac", SOUNDS)),
    Case("three sounds, ts", drawn("film.ts", f"{X264} {THREE} -c:a ac3", SOUNDS)),
    *(
        Case(f"sound {codec}, {suffix}", drawn(f"film.{suffix}", f"{X264} -c:a {codec} -ar 48000", SOUND))
        for codec, suffix in (
            *(("pcm_s16le", "mkv"), ("pcm_s24le", "mov"), ("pcm_s16le", "avi"), ("aac", "mp4"), ("ac3", "mp4")),
            *(("libopus", "mkv"), ("libopus", "mp4"), ("libmp3lame", "avi"), ("mp2", "ts"), ("flac", "mkv")),
            *(("libvorbis", "mkv"), ("eac3", "mkv"), ("alac", "mov")),
        )
    ),
    Case("PCM to mp4", drawn("film.mkv", f"{X264} -c:a pcm_s16le", SOUND), out="out.mp4"),
    Case("PCM to ts", drawn("film.mkv", f"{X264} -c:a pcm_s16le", SOUND), out="out.ts", refused=r"(?i)stream 1 .*\.mkv"),
    Case("srt, mkv", beside("film.mkv", f"{X264} -c:s srt -metadata:s:s:0 language=eng", "-i {folder}/words.srt")),
    Case("ass, mkv", beside("film.mkv", f"{X264} -c:s ass", "-i {folder}/words.srt")),
    Case("mov_text, mp4", beside("film.mp4", f"{X264} -c:s mov_text", "-i {folder}/words.srt")),
    Case("mov_text to mkv", beside("film.mp4", f"{X264} -c:s mov_text", "-i {folder}/words.srt"), out="out.mkv", refused=r"stream 1 \(subtitle.*\.(mov|mp4)"),
    Case("srt to mp4", beside("film.mkv", f"{X264} -c:s srt", "-i {folder}/words.srt"), out="out.mp4", refused=r"(?i)stream 1 \(subtitle.*\.mkv"),
    Case("srt to mp4, left out when asked", beside("film.mkv", f"{X264} -c:s srt", "-i {folder}/words.srt"), out="out.mp4", said="(?i)stream 1 .*left out", settings=("mux.leave_out=true",)),
    Case("webvtt, webm", beside("film.webm", "-c:v libvpx -c:s webvtt", "-i {folder}/words.srt")),
    Case("chapters and metadata, mkv", beside("film.mkv", f"{X264} -map_metadata 1 -map_chapters 1", "-i {folder}/chapters.txt")),
    Case("chapters and metadata, mp4", beside("film.mp4", f"{X264} -map_metadata 1 -map_chapters 1", "-i {folder}/chapters.txt")),
    Case("attached font, mkv", beside("film.mkv", f"{X264} -attach {{folder}}/letters.ttf -metadata:s:t mimetype=font/ttf")),
    Case("attached font to mp4", beside("film.mkv", f"{X264} -attach {{folder}}/letters.ttf -metadata:s:t mimetype=font/ttf"), out="out.mp4", refused=r"(?i)stream 1 \(attachment.*\.mkv"),
    Case("cover art, mp4", beside("film.mp4", f"{X264} -map 0 -map 1 -c:v:1 png -disposition:v:1 attached_pic", "-i {folder}/cover.png")),
    Case("cover art, mkv", beside("film.mkv", f"{X264} -attach {{folder}}/cover.png -metadata:s:t mimetype=image/png -metadata:s:t filename=cover.png")),
    Case("timecode track, mov", drawn("film.mov", f"{X264} -timecode 01:00:00:00")),
    Case("timecode, mxf", drawn("film.mxf", "-c:v mpeg2video -r 25 -timecode 01:00:00:00")),
    Case("data stream, ts", beside("film.ts", f"{X264} -map 0 -map 1 -c:d copy", KLV), lossless=False),
    Case("two films in one file, mkv", drawn("film.mkv", f"{X264} -map 0 -map 1 -disposition:v:0 0 -disposition:v:1 default", PICTURES)),
]  # fmt: skip

TIME_CASES = [
    Case("variable frame rate, gaps of seconds", uneven),
    Case("starts below zero, mkv", drawn("film.mkv", f"{X264} -vf setpts=PTS-0.2/TB -avoid_negative_ts disabled -fps_mode passthrough -copyts")),
    Case("starts at ten seconds, ts", drawn("film.ts", f"{X264} -output_ts_offset 10")),
    Case("starts at one hour, mp4", drawn("film.mp4", f"{X264} -output_ts_offset 3600")),
    Case("edit list", cut_by_edit_list),
    Case("B frames, open GOP", drawn("film.mkv", OPEN_GOP)),
    Case("B frames, open GOP, ts", drawn("film.ts", OPEN_GOP)),
    Case("30000/1001", drawn("film.mp4", f"{X264} -r 30000/1001")),
    Case("one frame", drawn("film.mp4", f"{X264} -frames:v 1")),
    Case("two frames", drawn("film.mkv", f"{X264} -frames:v 2")),
    Case("one frame, gif", drawn("film.gif", "-frames:v 1")),
    Case("a single still as film", drawn("film.png", "-frames:v 1 -pix_fmt gray")),
    Case("fragmented mp4", drawn("film.mp4", f"{X264} -movflags frag_keyframe+empty_moov")),
]  # fmt: skip

SHAPE_CASES = [
    *(
        Case(f"{size}", drawn("film.mkv", f"-vf scale={size.replace('x', ':')},format=gray -c:v ffv1"))
        for size in ("1x1", "2x2", "3x5", "16x16", "321x241", "7680x16", "64x8192")
    ),
    Case("321x241, mp4", drawn("film.mp4", "-c:v libx264 -pix_fmt yuv444p -s 321x241")),
    turned("turned by 90 degrees", "-display_rotation 90"),
    turned("turned by 180 degrees", "-display_rotation 180"),
    turned("turned by 270 degrees", "-display_rotation 270"),
    turned("turned by 90 degrees and mirrored", "-display_rotation 90 -display_hflip"),
    Case("pixels 16:11, mp4", drawn("film.mp4", f"{X264} -vf setsar=16/11")),
    Case("pixels 16:11, mkv, FFV1", drawn("film.mkv", "-c:v ffv1 -vf setsar=16/11")),
]

NAME_CASES = [
    named('a film\'s "best" take.mp4'),
    named("Кино – 映画 é.mp4"),
    named("two\nlines.mp4"),
    named("-i.mp4"),
    named("%04d.mp4"),
    named("100%.mp4"),
    named("http:film.mp4"),
    named("$(touch x);`id`.mp4"),
    named("a*?[b].mp4"),
]
