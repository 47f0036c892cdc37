"""Settings of the records service."""

from pydantic import DirectoryPath, Field, FilePath

from services.chassis.settings import ServiceSettings


class RecordsSettings(ServiceSettings):
    """What the records service is told."""

    root_key_file: FilePath = Field(description="File with the root key: 32 bytes in base64.")
    checkpoint_key_file: FilePath = Field(description="Ed25519 private key in PEM that signs audit checkpoints.")
    checkpoint_folder: DirectoryPath = Field(description="Where audit checkpoints are kept, outside of the database.")
    checkpoint_seconds: float = Field(default=10.0, gt=0, le=3600, description="Seconds between audit checkpoints.")
