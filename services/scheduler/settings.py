"""Settings of the scheduler: of its HTTP service and of its workers."""

from pydantic import Field, FilePath

from services.chassis.settings import ServiceSettings


class SchedulerSettings(ServiceSettings):
    """What the scheduler is told beyond what every service is."""

    root_key_file: FilePath = Field(description="File with the root key: 32 bytes in base64.")
    solver_cores: int = Field(default=2, ge=1, le=64, description="Cores that one solve may use.")
    solver_memory_mib: int = Field(default=3072, ge=512, description="MiB of address space that one solve may take.")
    loopback_calendars: bool = Field(
        default=False, description="Read calendars from this machine too, over plain HTTP: for rehearsals only."
    )
    loopback_providers: bool = Field(
        default=False, description="Hand messages to this machine too, over plain HTTP: for rehearsals only."
    )
