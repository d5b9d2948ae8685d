"""What stands for the moments of a generation that gave them up: a blob that names the tensors and says that all are
zero. A network that goes on from there begins with a fresh optimizer; swap, preview and export miss nothing."""

import struct

from msgspec import MsgspecError

from core.settings.error import StoreError
from core.store.blob import Blob, BlobStore, blob_of
from core.store.manifest import BlobRef
from core.store.tensor_file import MAX_HEADER_BYTES, encode_zeros, read_header


def stand_in(blobs: BlobStore, moments: BlobRef) -> Blob:
    """The blob that stands for `moments`, of which only the header is read. Raises StoreError."""
    try:
        header, _ = read_header(blobs.beginning(moments, MAX_HEADER_BYTES))
    except (ValueError, struct.error, MsgspecError) as error:
        raise StoreError(f"blob {moments.sha256[:8]} is not a file of tensors ({error})",
                         hint="remove that generation") from error
    return blob_of([encode_zeros(header)])
