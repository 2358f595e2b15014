"""What a model makes of a data set, file to file: latents, images of latents, scores."""

from vaekit.inference.decoding import decode_to_file
from vaekit.inference.encoding import Written, encode_to_file
from vaekit.inference.rows import images_of
from vaekit.inference.scoring import score_to_file

__all__ = [
    "Written",
    "decode_to_file",
    "encode_to_file",
    "images_of",
    "score_to_file",
]
