"""Settings, read once from `EVENTIDE_*` variables; an unknown one stops the process."""

import os
from typing import Self

from pydantic import Field, HttpUrl, PostgresDsn
from pydantic_settings import BaseSettings, SettingsConfigDict

_PREFIX = "EVENTIDE_"


class UnknownSettingError(RuntimeError):
    """An `EVENTIDE_*` variable that no setting reads: most likely misspelt."""


class ServiceSettings(BaseSettings):
    """What every service is told."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: PostgresDsn = Field(description="DSN of the service's own database, as its application role.")
    issuer: str = Field(default="urn:eventide", description="`iss` of every token of this installation.")
    gateway_url: HttpUrl = Field(description="Where the gateway answers, for its key set and token exchange.")
    records_url: HttpUrl = Field(description="Where records answers.")
    scheduler_url: HttpUrl = Field(description="Where the scheduler answers.")
    clock_offset_seconds: float = Field(default=0.0, description="Seconds added to the clock, for rehearsals.")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    pool_size: int = Field(default=10, ge=1, le=200, description="Connections a pool may open.")
    request_timeout_seconds: float = Field(default=30.0, gt=0, le=600, description="Longest time one request may take.")

    @classmethod
    def read(cls) -> Self:
        """Read the settings of this process.

        Raises:
            UnknownSettingError: A variable with our prefix is not a setting of this service.
        """
        known = {f"{_PREFIX}{name}".upper() for name in cls.model_fields}
        unknown = sorted(name for name in os.environ if name.upper().startswith(_PREFIX) and name.upper() not in known)
        if unknown:
            raise UnknownSettingError(f"unknown settings: {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        return cls()
