"""Settings of the scheduler: of its HTTP service and of its workers."""

from pydantic import Field, FilePath, HttpUrl, field_validator

from services.chassis.settings import ServiceSettings


class SchedulerSettings(ServiceSettings):
    """What the scheduler is told beyond what every service is."""

    root_key_file: FilePath = Field(description="File with the root key: 32 bytes in base64.")
    solver_cores: int = Field(default=2, ge=1, le=64, description="Cores that one solve may use.")
    solver_memory_mib: int = Field(default=3072, ge=512, description="MiB of address space that one solve may take.")
    offered_times_url: HttpUrl | None = Field(
        default=None,
        description="Page of the frontends at which who is offered a time answers; the secret follows as the fragment. "
        "None for messages without a link.",
    )
    loopback_calendars: bool = Field(
        default=False, description="Read calendars from this machine too, over plain HTTP: for rehearsals only."
    )
    loopback_providers: bool = Field(
        default=False, description="Hand messages to this machine too, over plain HTTP: for rehearsals only."
    )

    @field_validator("offered_times_url")
    @classmethod
    def _is_a_page(cls, url: HttpUrl | None) -> HttpUrl | None:
        if url is not None and (url.scheme != "https" or url.query or url.fragment or url.username or url.password):
            raise ValueError("must be an https URL without user, query or fragment")
        return url
