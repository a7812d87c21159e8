"""Cases of the media table: pixel formats, codecs, containers and sequences of pictures."""

from __future__ import annotations

from pathlib import Path

from media_case import PICTURES, Case, drawn, encode

X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
SOUND = "-f lavfi -i sine=duration=0.5:sample_rate=48000"

LOSSLESS_FORMATS = (
    *("yuv420p", "yuv422p", "yuv444p", "yuv410p", "yuv411p", "yuv440p", "yuv420p10le", "yuv422p10le", "yuv444p12le"),
    *("yuv422p16le", "gray", "gray10le", "gray12le", "gray16le", "gbrp", "gbrp10le", "gbrp16le", "yuva420p", "bgra"),
)
"""What FFV1 takes."""

RAW_FORMATS = ("nv12", "rgb24", "pal8", "uyvy422", "ya8", "monob", "rgb48be", "yuv420p10be")
"""What lies in NUT as it is."""

HDR10 = "HDR10 static metadata, H.265 10 bit, mp4"

CODECS = {
    "MPEG-2 top field first, ts": ("film.ts", "-c:v mpeg2video -flags +ildct+ilme -vf setfield=tff -q:v 3"),
    "MPEG-2 bottom field first, ts": ("film.ts", "-c:v mpeg2video -flags +ildct+ilme -vf setfield=bff -q:v 3"),
    "MPEG-2 program stream": ("film.mpg", "-c:v mpeg2video -q:v 3"),
    "H.264 interlaced (MBAFF)": ("film.mp4", f"{X264} -flags +ildct+ilme -x264-params tff=1"),
    "H.264 interlaced (PAFF flags), bff, ts": ("film.ts", f"{X264} -x264-params bff=1:fake-interlaced=1"),
    "H.264 elementary stream": ("film.h264", X264),
    "H.264 10 bit 4:2:2": ("film.mov", "-c:v libx264 -preset ultrafast -pix_fmt yuv422p10le"),
    "H.264 full range (yuvj420p)": ("film.mp4", f"{X264} -pix_fmt yuvj420p"),
    "H.264 RGB": ("film.mkv", "-c:v libx264rgb -preset ultrafast -qp 0"),
    "ProRes 422, mov": ("film.mov", "-c:v prores_ks -profile:v 2"),
    "ProRes 4444 with alpha, mov": ("film.mov", "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le"),
    "MJPEG, avi": ("film.avi", "-c:v mjpeg -pix_fmt yuvj422p -q:v 3"),
    "HuffYUV, avi": ("film.avi", "-c:v huffyuv -pix_fmt yuv422p"),
    "UT Video, avi": ("film.avi", "-c:v utvideo -pix_fmt yuv422p"),
    "MPEG-4 with B frames, avi": ("film.avi", "-c:v mpeg4 -bf 2 -q:v 3"),
    "v210, mov": ("film.mov", "-c:v v210"),
    "JPEG 2000, mxf": ("film.mxf", "-c:v jpeg2000 -pix_fmt yuv422p10le"),
    "CineForm, mov": ("film.mov", "-c:v cfhd -pix_fmt yuv422p10le"),
    "PNG in mov, rgb24": ("film.mov", "-c:v png -pix_fmt rgb24"),
    "VP8, webm": ("film.webm", "-c:v libvpx -b:v 500k"),
    "VP9, webm": ("film.webm", "-c:v libvpx-vp9 -b:v 500k -deadline realtime"),
    "VP9 with alpha, webm": ("film.webm", "-c:v libvpx-vp9 -pix_fmt yuva420p -auto-alt-ref 0 -deadline realtime"),
    "AV1, mkv": ("film.mkv", "-c:v libsvtav1 -preset 12"),
    "AV1 10 bit, mp4": ("film.mp4", "-c:v libsvtav1 -preset 12 -pix_fmt yuv420p10le"),
    "Theora, ogv": ("film.ogv", "-c:v libtheora -q:v 7"),
    "WMV 2, wmv": ("film.wmv", "-c:v wmv2 -b:v 500k"),
    "Sorenson H.263, flv": ("film.flv", "-c:v flv -b:v 500k"),
    "H.264, flv": ("film.flv", X264),
    "H.263, 3gp": ("film.3gp", "-c:v h263 -s 176x144 -r 15"),
    "GIF": ("film.gif", ""),
    "APNG": ("film.apng", "-plays 1 -f apng"),
    "Y4M": ("film.y4m", "-strict -1"),
    "Y4M gray 16 bit": ("film.y4m", "-pix_fmt gray16le -strict -1"),
    "H.264, m2ts": ("film.m2ts", X264),
    HDR10: (
        "film.mp4",
        "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -tag:v hvc1 -color_primaries bt2020 -color_trc smpte2084 "
        "-colorspace bt2020nc -x265-params log-level=none:hdr10=1:repeat-headers=1:colorprim=bt2020:"
        "transfer=smpte2084:colormatrix=bt2020nc:master-display=G(13250,34500)B(7500,3000)R(34000,16000)"
        "WP(15635,16450)L(10000000,50):max-cll=1000,400",
    ),
    "HLG, H.265 10 bit, mkv": (
        "film.mkv",
        "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -color_primaries bt2020 -color_trc arib-std-b67 "
        "-colorspace bt2020nc -x265-params log-level=none:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc",
    ),
}  # fmt: skip

BROADCAST = {
    "DV PAL, avi": ("film.avi", "-c:v dvvideo -pix_fmt yuv420p -s 720x576 -r 25 -frames:v 4"),
    "DV NTSC, raw dv": ("film.dv", "-c:v dvvideo -pix_fmt yuv411p -s 720x480 -r 30000/1001 -frames:v 4 -ac 2 -ar 48000"),
    "DNxHR HQ, mov": ("film.mov", "-c:v dnxhd -profile:v dnxhr_hq -pix_fmt yuv422p -s 256x144 -frames:v 4"),
    "DNxHR HQX, mxf OP1a": ("film.mxf", "-c:v dnxhd -profile:v dnxhr_hqx -pix_fmt yuv422p10le -s 256x144 -frames:v 4"),
    "MPEG-2 4:2:2, mxf OP1a": ("film.mxf", "-c:v mpeg2video -pix_fmt yuv422p -q:v 3 -r 25 -c:a pcm_s16le"),
    "D-10 (IMX 50), mxf": (
        "film.mxf",
        "-c:v mpeg2video -pix_fmt yuv422p -s 720x608 -r 25 -frames:v 4 -b:v 50M -minrate 50M -maxrate 50M "
        "-bufsize 2000000 -rc_init_occupancy 2000000 -intra_vlc 1 -non_linear_quant 1 -dc 10 -qmin 1 -qmax 12 "
        "-flags +ildct+ilme+low_delay -intra_dc_precision 2 -g 1 -ps 1 -c:a pcm_s16le -f mxf_d10",
    ),
}  # fmt: skip
"""With sound."""


def pictures(pattern: str, options: str, folder: str = "") -> Case:
    """A film that lies there as numbered pictures."""

    def make(place: Path) -> Path:
        (place / "scan").mkdir()
        encode(place / "scan" / pattern, f"{options} -f image2", PICTURES)
        return place / "scan" if folder else place / "scan" / pattern

    return Case(f"numbered pictures {pattern} {options.replace('-pix_fmt ', '')}{folder}".strip(), make, said="24")


FORMAT_CASES = [
    *(Case(f"{name}, FFV1", drawn("film.mkv", f"-c:v ffv1 -pix_fmt {name}")) for name in LOSSLESS_FORMATS),
    *(Case(f"{name}, raw", drawn("film.nut", f"-c:v rawvideo -pix_fmt {name}")) for name in RAW_FORMATS),
    *(Case(name, drawn(file, options), lossless="HDR10" not in name) for name, (file, options) in CODECS.items()),
    Case(
        "HDR10 static metadata to FFV1",
        drawn(*CODECS[HDR10]),
        settings=("encode.codec=ffv1",),
        lossless=False,
        refused="HDR light metadata",
    ),
    *(Case(name, drawn(file, options, SOUND)) for name, (file, options) in BROADCAST.items()),
]

SEQUENCE_CASES = [
    pictures("frames_%04d.png", "-pix_fmt gray"),
    pictures("frames_%04d.png", "-pix_fmt gray16be -start_number 86399"),
    pictures("%06d.jpg", "-q:v 2"),
    pictures("scan.%03d.tif", "-pix_fmt gray16le"),
    pictures("reel_%05d.dpx", "-pix_fmt gbrp10be"),
    pictures("frames_%04d.png", "-pix_fmt rgb24", folder=", as a folder"),
    Case("film to PNG pictures", drawn("film.mp4", X264), out="out_%04d.png"),
    Case("10-bit film to TIFF pictures", drawn("film.mkv", "-c:v ffv1 -pix_fmt yuv420p10le"), out="out_%04d.tif"),
    Case("film to DPX pictures", drawn("film.mkv", "-c:v ffv1 -pix_fmt gray10le"), out="out_%04d.dpx"),
    Case("film to JPEG pictures", drawn("film.mp4", X264), out="out_%04d.jpg"),
]

OUTPUT_CASES = [
    Case("to avi", drawn("film.mp4", X264), out="out.avi"),
    Case("to mxf", drawn("film.mp4", f"{X264} -vf scale=256:144,setsar=1 -r 25"), out="out.mxf"),
    Case("to mov", drawn("film.mkv", X264), out="out.mov", settings=("encode.codec=prores",)),
    Case("to webm", drawn("film.webm", "-c:v libvpx -b:v 500k"), out="out.webm", settings=("encode.codec=vp9",)),
    Case("to ts", drawn("film.ts", X264), out="out.ts"),
    Case(
        "to avi, variable frame rate",
        drawn("film.mkv", f"{X264} -vf setpts=N*N/24/TB -fps_mode passthrough"),
        out="out.avi",
        refused="uneven",
    ),
    Case("to a single picture", drawn("film.mp4", X264), out="out.png", refused="%04d"),
    Case("to an unknown suffix", drawn("film.mp4", X264), out="out.xyz", refused=r"\.mp4, .*\.mkv"),
]
