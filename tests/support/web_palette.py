"""Pictures of a page, small enough to be kept: PNGs of at most 256 colours, packed by a browser."""

from __future__ import annotations

import base64
from pathlib import Path

from playwright.sync_api import Page

PACK = """async shot => {
    const image = new Image()
    image.src = 'data:image/png;base64,' + shot
    await image.decode()
    const [width, height] = [image.naturalWidth, image.naturalHeight]
    const canvas = new OffscreenCanvas(width, height), drawn = canvas.getContext('2d')
    drawn.drawImage(image, 0, 0)
    const pixels = new Uint32Array(drawn.getImageData(0, 0, width, height).data.buffer)

    // The most frequent colours; of all others each takes the nearest of them.
    const counted = new Map()
    for (const pixel of pixels) counted.set(pixel, (counted.get(pixel) ?? 0) + 1)
    const palette = [...counted].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([pixel]) => pixel)
    const parts = pixel => [pixel & 255, pixel >> 8 & 255, pixel >> 16 & 255]
    const colours = palette.map(parts), index = new Map(palette.map((pixel, at) => [pixel, at]))
    const nearest = pixel => {
        const [r, g, b] = parts(pixel)
        let best = 0, least = Infinity
        colours.forEach(([x, y, z], at) => {
            const far = (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2
            if (far < least) [best, least] = [at, far]
        })
        index.set(pixel, best)
        return best
    }
    const rows = new Uint8Array((width + 1) * height)
    for (let at = 0; at < pixels.length; at++) {
        const pixel = pixels[at]
        rows[at + Math.floor(at / width) + 1] = index.get(pixel) ?? nearest(pixel)
    }
    const packing = new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate'))
    const packed = await new Response(packing).arrayBuffer()

    const table = Array.from({length: 256}, (_, n) => {
        for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ n >>> 1 : n >>> 1
        return n
    })
    const chunk = (kind, data) => {
        const bytes = new Uint8Array(data.length + 12), view = new DataView(bytes.buffer)
        view.setUint32(0, data.length)
        bytes.set([...kind].map(char => char.charCodeAt(0)), 4)
        bytes.set(data, 8)
        const crc = bytes.subarray(4, -4).reduce((sum, byte) => table[(sum ^ byte) & 255] ^ sum >>> 8, -1)
        view.setUint32(bytes.length - 4, ~crc >>> 0)
        return bytes
    }
    const head = new Uint8Array(13), size = new DataView(head.buffer)
    size.setUint32(0, width)
    size.setUint32(4, height)
    head.set([8, 3], 8)  // eight bits a pixel, colours by their index
    const start = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10])
    const whole = new Blob([start, chunk('IHDR', head), chunk('PLTE', colours.flat()),
        chunk('IDAT', new Uint8Array(packed)), chunk('IEND', [])])
    const bytes = new Uint8Array(await whole.arrayBuffer())
    let text = ''
    for (const byte of bytes) text += String.fromCharCode(byte)
    return btoa(text)
}"""
"""PNG, third edition, sections 5 and 11; RFC 1950 for what is packed."""


def keep(page: Page, packer: Page, path: Path) -> None:
    """Draw what a page shows into a file; `packer` is an empty page, with no rules of its own."""
    shot = page.screenshot(animations="disabled", caret="hide")
    small = packer.evaluate(PACK, base64.b64encode(shot).decode())
    path.write_bytes(base64.b64decode(small))
