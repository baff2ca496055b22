"""What a camera sees of a code: a film for Chromium's fake camera."""

from __future__ import annotations

import segno

WIDTH, HEIGHT = 640, 480


def film(text: str) -> bytes:
    """What a camera sees of a code on a screen: YUV4MPEG2, ten pictures."""
    rows = [[bool(dark) for dark in row] for row in segno.make(text, error="m").matrix_iter(border=4)]
    scale = HEIGHT // len(rows)
    left = (WIDTH - scale * len(rows)) // 2
    light = bytearray(b"\xeb" * (WIDTH * HEIGHT))
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            for line in range(y * scale, (y + 1) * scale) if dark else ():
                start = line * WIDTH + left + x * scale
                light[start : start + scale] = b"\x10" * scale
    picture = b"FRAME\n" + bytes(light) + b"\x80" * (WIDTH * HEIGHT // 2)
    return b"YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\n" % (WIDTH, HEIGHT) + picture * 10
