"""A folder of JSON Lines files as the destination of an import."""

from import_worker.config.destination import Destination
from import_worker.config.secrets import Text


class Jsonl(Destination):
    """A folder that receives one file for each chunk, and a manifest once the set is whole."""

    folder: Text

    @property
    def identity(self) -> str:
        """What tells this destination from others: the folder."""
        return f"jsonl\n{self.folder}"
