"""What every section of `config.yaml` stands on."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict


class ConfigSection(BaseModel):
    """Unknown keys are refused, and what was read stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _without_password(url: str) -> str:
    try:
        named = urlsplit(url).username is not None
    except ValueError as error:
        raise ValueError(f"is no address: {error}") from error
    if named:
        raise ValueError("holds a user or a password: it is shown and logged, and keys come from the environment")
    return url


WebAddress = Annotated[str, AfterValidator(_without_password)]
"""An address that may stand in logs and on pages."""
