"""Image codecs of finger images. WSQ runs in a disposable process; importing this needs NumPy and Pillow."""

from tenprint.records.images.decoding import decode, encode
from tenprint.records.images.png import read_png, write_png
from tenprint.records.images.wsq import CodecWorker

__all__ = ["CodecWorker", "decode", "encode", "read_png", "write_png"]
