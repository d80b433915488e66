"""Image codecs of finger images, run in disposable processes; importing this needs NumPy and Pillow."""

from tenprint.records.image_headers import Announced, announced
from tenprint.records.images.decoding import contradictions, decode, encode
from tenprint.records.images.png import read_png, write_png
from tenprint.records.images.pool import CodecPool
from tenprint.records.images.worker import Codec, CodecWorker

__all__ = [
    "Announced",
    "Codec",
    "CodecPool",
    "CodecWorker",
    "announced",
    "contradictions",
    "decode",
    "encode",
    "read_png",
    "write_png",
]
