"""What the client makes of a chunk that was refused for its id."""

import json

from import_worker.assets.client import _without_client_id
from import_worker.config.destination import Chunks
from import_worker.transform.chunks import ChunkId, encode_chunks
from import_worker.transform.mapper import MappedObject


def test_a_chunk_without_its_id_is_no_larger():
    """Else a server that took it before would find it too large now."""
    objects = [
        MappedObject(record=number, type_name="Host", identity=str(number), values={"Serial": number, "Name": "ä b"})
        for number in range(200)
    ]
    (chunk,) = encode_chunks(objects, ChunkId(run="r.1", resource="hosts", lane=0, page=0), Chunks()).chunks
    bare = _without_client_id(chunk.body)
    assert len(bare) < len(chunk.body)
    assert json.loads(bare) == {"data": json.loads(chunk.body)["data"]}
