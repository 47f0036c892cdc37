"""Settings of the records service."""

from pydantic import Field, FilePath

from services.chassis.settings import ServiceSettings


class RecordsSettings(ServiceSettings):
    """What the records service is told."""

    root_key_file: FilePath = Field(description="File with the root key: 32 bytes in base64.")
